"""From what was read to what the expectations look at: pure functions over tables.

Which images are kept out is decided here, one by one; what stops the pipeline is
decided by the expectations (``table`` says how the two divide).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from dicom_router.dataset.expectations.plausibility import with_plausibility
from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.rows import canonical_labels, group_ids, is_placeholder
from dicom_router.dataset.scanning import Outcome, Scanned
from dicom_router.dataset.table import COHORTS, COLUMNS, Origin
from dicom_router.labels import CLASSES
from dicom_router.params import Labelling
from dicom_router.reasons import Reason

# What reading an image adds to its row of labels.csv, with the type it has once every image is readable.
FACTS: Final = {
    "sha256": "str",
    "pixel_sha256": "str",
    "file_format": "str",
    "TransferSyntaxUID": "str",
    "SOPClassUID": "str",
    "Modality": "str",
    "BodyPartExamined": "str",
    "ViewPosition": "str",
    "PatientSex": "str",
    "Manufacturer": "str",
    "PhotometricInterpretation": "str",
    "Rows": "int64",
    "Columns": "int64",
    "BitsAllocated": "int64",
    "BitsStored": "int64",
    "header_age_years": "float64",
    "pixel_aspect": "float64",
    "synthetic": "bool",
    "mean": "float64",
    "std": "float64",
    "black_fraction": "float64",
    "white_fraction": "float64",
    "contrast": "float64",
}
QUARANTINE: Final = ("path", "reason", "detail", "copy_of")


@dataclass(frozen=True)
class Tables:
    """What expectations look at; the first column of each names its rows."""

    rows: pd.DataFrame  # every row of labels.csv
    images: pd.DataFrame  # the accepted ones
    classes: pd.DataFrame  # one row per class and cohort
    files: pd.DataFrame  # files of the images' folder that labels.csv does not name
    dataset: pd.DataFrame  # one row


def fact_table(labels: pd.DataFrame, outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Join ``labels`` with what reading gave, row by row, and decide who is kept out.

    Columns: those of labels.csv with canonical labels, ``FACTS`` and ``appearance`` (missing where unreadable),
    ``reason`` and ``detail`` ("" where accepted), and, of a copy, what is the same ("bytes" or "pixels") and
    the path of the film that stays: ``copy`` and ``copy_of``, "" elsewhere.
    """
    columns = [*FACTS, "appearance", "reason", "detail"]
    read = pd.DataFrame([_facts(outcome) for outcome in outcomes], columns=columns)
    assert len(read) == len(labels), f"{len(labels)} rows, but {len(read)} outcomes"
    table = pd.concat([labels.reset_index(drop=True), read], axis=1)
    table["label"] = canonical_labels(table["label"])
    return _without_copies(_without_conflicts(_without_unknown_labels(table)))


def _facts(outcome: Outcome) -> dict[str, Any]:
    """Flatten one outcome into ``FACTS``, ``reason`` and ``detail``."""
    if not isinstance(outcome, Scanned):
        return {"reason": str(outcome.reason), "detail": outcome.detail}
    header = asdict(outcome.header)
    header["header_age_years"] = header.pop("age_years")
    hashes = {"sha256": outcome.sha256, "pixel_sha256": outcome.pixel_sha256}
    own = {"appearance": outcome.appearance, "reason": "", "detail": ""}
    return hashes | header | asdict(outcome.statistics) | own


def _refuse(table: pd.DataFrame, where: "pd.Series[bool]", reason: Reason, detail: "pd.Series[str]") -> pd.DataFrame:
    """Give ``reason`` to the rows ``where`` that have none yet."""
    where = where & (table["reason"] == "")
    return table.assign(reason=table["reason"].mask(where, str(reason)), detail=table["detail"].mask(where, detail))


def _without_unknown_labels(table: pd.DataFrame) -> pd.DataFrame:
    detail = table["label"].map("{!r} is no class and no alias of one".format)
    return _refuse(table, ~table["label"].isin(CLASSES), Reason.UNKNOWN_LABEL, detail)


def _without_conflicts(table: pd.DataFrame) -> pd.DataFrame:
    """Keep out all images whose pixels occur under two labels: nobody knows which is right."""
    readable = table[table["reason"] == ""]
    labels = readable.groupby("pixel_sha256")["label"].agg(lambda of: sorted(set(of)))
    conflicts = {pixels: " and ".join(of) for pixels, of in labels.items() if len(of) > 1}
    detail = table["pixel_sha256"].map(lambda pixels: f"the same pixels are labelled {conflicts.get(pixels)}")
    return _refuse(table, table["pixel_sha256"].isin(list(conflicts)), Reason.LABEL_CONFLICT, detail)


def _without_copies(table: pd.DataFrame) -> pd.DataFrame:
    """Of images with the same bytes or pixels keep the first by batch and path."""
    table = table.assign(copy="", copy_of="")
    for what, column in (("bytes", "sha256"), ("pixels", "pixel_sha256")):
        ordered = table[table["reason"] == ""].sort_values(["batch", "path"], kind="stable")
        first = ordered.drop_duplicates(column).set_index(column)["path"]
        copies = ordered.index[ordered.duplicated(column)]
        table.loc[copies, "copy"] = what
        table.loc[copies, "reason"] = str(Reason.DUPLICATE)
        table.loc[copies, "copy_of"] = first[table.loc[copies, column]].to_numpy()
        table.loc[copies, "detail"] = f"the same {what} as " + table.loc[copies, "copy_of"]
    return table


def accepted(facts: pd.DataFrame) -> pd.DataFrame:
    """Return images.parquet: the rows without a reason, sorted by path, typed by ``FACTS``."""
    images = facts.loc[facts["reason"] == "", [*COLUMNS, *FACTS]].astype(FACTS)
    return images.sort_values("path", ignore_index=True)


def quarantined(facts: pd.DataFrame) -> pd.DataFrame:
    """Return quarantine.csv, the columns ``QUARANTINE`` of the other rows, sorted by path."""
    kept_out = facts.loc[facts["reason"] != "", list(QUARANTINE)]
    return kept_out.sort_values(list(QUARANTINE), ignore_index=True)


def tables(
    facts: pd.DataFrame, links: pd.DataFrame, unlisted: Sequence[str], origin: Origin, labelling: Labelling
) -> Tables:
    """Derive everything that an expectation looks at; ``links`` are the near-duplicates among ``facts``."""
    images = accepted(facts)
    rows = _with_near_duplicates(_with_groups(facts.drop(columns="appearance")), links)
    return Tables(
        rows=_with_path_first(rows),
        images=_with_path_first(_with_shape(with_plausibility(images, labelling), origin)),
        classes=_classes(rows[rows["reason"] == ""]),
        files=pd.DataFrame({"path": list(unlisted), "listed": False}).astype({"path": "str", "listed": "bool"}),
        dataset=_dataset(rows),
    )


def _with_path_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[["path", *table.columns.drop("path")]]


def _with_groups(facts: pd.DataFrame) -> pd.DataFrame:
    """Add what is known about the patient of each row, over all rows of the patient."""
    table = facts.assign(
        group=group_ids(facts),
        patient_known=~is_placeholder(facts["patient_id"]),
        external_split=facts["split"].where(facts["cohort"] == "external", ""),
        given=facts["split"].where((facts["cohort"] == "internal") & (facts["split"] != "")),
    )
    of_group = table.groupby("group")
    return table.assign(
        given_splits=of_group["given"].transform("nunique"),
        group_cohorts=of_group["cohort"].transform("nunique"),
        group_images=of_group["path"].transform("size"),
    )


def _with_near_duplicates(rows: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Add ``near_duplicate``: what the accepted films of a group disagree in.

    The first of "labels", "cohorts", "sides" (given splits) and "patients", or "nothing"; "" without near-duplicates.
    """
    found = rows[rows["reason"] == ""].assign(films=rows["path"].map(group_of(links))).dropna(subset="films")
    of = found.groupby("films")
    several = pd.DataFrame(
        {
            "labels": of["label"].nunique() > 1,
            "cohorts": of["cohort"].nunique() > 1,
            "sides": of["given"].nunique() > 1,
            "patients": of["group"].nunique() > 1,
            "nothing": of["path"].nunique() > 1,
        }
    )
    several = several[several["nothing"]]
    kind = several.idxmax(axis=1) if len(several) else pd.Series(dtype="str")
    return rows.assign(near_duplicate=found["films"].map(kind).reindex(rows.index).fillna("").astype("str"))


def _with_shape(images: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """Add geometry, and whether film and dataset agree about being synthetic."""
    sides = images[["Rows", "Columns"]]
    return images.assign(
        short_side=sides.min(axis=1),
        long_side=sides.max(axis=1),
        aspect_ratio=sides.max(axis=1) / sides.min(axis=1).clip(lower=1),
        spare_bits=images["BitsAllocated"] - images["BitsStored"],
        dicom_sop_class=images["SOPClassUID"].where(images["file_format"] == "dicom"),
        false_synthetic=images["synthetic"] & (not origin.synthetic),
        false_real=~images["synthetic"] & origin.synthetic,
    )


def _classes(images: pd.DataFrame) -> pd.DataFrame:
    """Count accepted images and patients per class and cohort; a number that means nothing is missing."""
    table = pd.DataFrame([(label, cohort) for cohort in COHORTS for label in CLASSES], columns=["label", "cohort"])
    counts = images.groupby(["label", "cohort"])["group"].agg(images="size", patients="nunique").reset_index()
    table = table.merge(counts, how="left", on=["label", "cohort"])
    internal, external = table["cohort"] == "internal", table["cohort"] == "external"
    present = table["images"].fillna(0)
    table = table.assign(
        internal_images=present.where(internal),
        external_images=present.where(external & (present[external].sum() > 0)),
        internal_patients=table["patients"].where(internal),
    )
    table.insert(0, "class", table["label"] + " (" + table["cohort"] + ")")
    return table


def _dataset(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum the dataset up in one row; a copy is no loss, so it does not count as a lost image."""
    kept = rows[rows["reason"] == ""]
    lost = rows["reason"].isin({"", str(Reason.DUPLICATE)}).eq(False).sum()
    trainable = kept[(kept["cohort"] == "internal") & kept["split"].isin({"", "train"})]
    return pd.DataFrame(
        {
            "dataset": ["the dataset"],
            "lost_share": [float(lost / max(len(rows), 1))],
            "trainable_classes": [trainable["label"].nunique()],
        }
    )
