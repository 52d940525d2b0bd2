"""What changed between two versions of a dataset: images by file name, which is a keyed hash, patients by pseudonym."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Any, Final

import pandas as pd

from dicom_router.dataset.rows import canonical_labels, group_ids
from dicom_router.dataset.versions import Version
from dicom_router.labels import CLASSES

Document = dict[str, Any]

# Of images in both versions; batch only counts imports.
COMPARED: Final = ("patient_id", "study_id", "site", "cohort", "split", "age_years", "sex", "view")


def compare(before: Version, after: Version) -> Document:
    """Return the counts of what was added, removed and relabelled; it holds no path and no pseudonym.

    In each row of ``classes`` and ``sites``, images ``before + added - removed + moved_in - moved_out`` are
    ``after``. A patient counts for every class and site with a film of theirs; a film without one counts by
    its study, as in the split.
    """
    old, new = _keyed(before.labels, after.labels)
    both = old.join(new, how="inner", lsuffix="_before", rsuffix="_after")
    return {
        "before": _about(before, old),
        "after": _about(after, new),
        "images": _images(old, new, both),
        "patients": _patients(old, new),
        "classes": _by("label", list(CLASSES), old, new),
        "sites": _by("site", [], old, new),
        "relabelled": _relabelled(both),
        "other_columns": {name: int(_differs(both, name).sum()) for name in COMPARED},
    }


def changed_paths(before: Version, after: Version) -> Document:
    """Return the paths of the images that ``compare`` counts."""
    old, new = _keyed(before.labels, after.labels)
    both = old.join(new, how="inner", lsuffix="_before", rsuffix="_after")
    relabelled = both[_differs(both, "label")]
    columns = zip(relabelled["path_after"], relabelled["label_before"], relabelled["label_after"], strict=True)
    return {
        "added": sorted(new.loc[new.index.difference(old.index), "path"]),
        "removed": sorted(old.loc[old.index.difference(new.index), "path"]),
        "relabelled": [{"path": path, "from": one, "to": other} for path, one, other in sorted(columns)],
    }


def _keyed(before: pd.DataFrame, after: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Index both tables by the image: its file's name, or its path where two files have one name."""
    tables = [_prepared(before), _prepared(after)]
    names = [table["path"].map(lambda path: PurePosixPath(path).name) for table in tables]
    unique = all(of.is_unique for of in names)
    keys = names if unique else [table["path"] for table in tables]
    old, new = (table.set_index(key.rename("image")) for table, key in zip(tables, keys, strict=True))
    return old, new


def _prepared(labels: pd.DataFrame) -> pd.DataFrame:
    """Name classes by themselves and patients as the split does; of rows that name one file, keep the first."""
    labels = labels.drop_duplicates("path")
    return labels.assign(label=canonical_labels(labels["label"]), patient=group_ids(labels))


def _about(version: Version, table: pd.DataFrame) -> Document:
    return {
        "revision": version.revision,
        "commit": version.commit,
        "labels_sha256": version.sha256,
        "images": len(table),
        "patients": int(table["patient"].nunique()),
    }


def _images(old: pd.DataFrame, new: pd.DataFrame, both: pd.DataFrame) -> dict[str, int]:
    relabelled = int(_differs(both, "label").sum())
    return {
        "added": len(new.index.difference(old.index)),
        "removed": len(old.index.difference(new.index)),
        "relabelled": relabelled,
        "unchanged": len(both) - relabelled,
    }


def _patients(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, int]:
    one, other = set(old["patient"]), set(new["patient"])
    return {"before": len(one), "added": len(other - one), "removed": len(one - other), "after": len(other)}


def _by(column: str, first: list[str], old: pd.DataFrame, new: pd.DataFrame) -> Document:
    """Count by the values of ``column``: those in ``first``, then the others that occur."""
    others = sorted({*old[column], *new[column]} - set(first))
    return {name: _row(old, new, old[column] == name, new[column] == name) for name in [*first, *others]}


def _row(old: pd.DataFrame, new: pd.DataFrame, was: "pd.Series[bool]", is_: "pd.Series[bool]") -> Document:
    """Count the images and patients of one class or site."""
    here_before, here_after = old[was], new[is_]
    came, went = here_after.index.difference(here_before.index), here_before.index.difference(here_after.index)
    return {
        "images": {
            "before": len(here_before),
            "added": len(came.difference(old.index)),
            "removed": len(went.difference(new.index)),
            "moved_in": len(came.intersection(old.index)),
            "moved_out": len(went.intersection(new.index)),
            "after": len(here_after),
        },
        "patients": _patients(here_before, here_after),
    }


def _relabelled(both: pd.DataFrame) -> list[Document]:
    """Return how many images went from which class to which, the most frequent first."""
    changed = both[_differs(both, "label")]
    counts = Counter(zip(changed["label_before"], changed["label_after"], strict=True))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"from": one, "to": other, "images": n} for (one, other), n in ordered]


def _differs(both: pd.DataFrame, column: str) -> "pd.Series[bool]":
    """Say where a value changed; an age that is missing in both has not."""
    one, other = both[f"{column}_before"], both[f"{column}_after"]
    return (one != other) & ~(one.isna() & other.isna())
