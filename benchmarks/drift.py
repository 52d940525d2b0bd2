"""A simulated year of nights, and drifts that begin in it: ``python -m benchmarks drift [--project FOLDER] …``.

Films of the sample that the model has not seen are written as DICOM, changed in pixels and headers for each drift, and
scored by the real path, once. Nights are drawn from what the log then holds of them, study by study, with the volume
and the mix of a weekday; each is looked at as rescore/nightly does. Without drift the alarms of a year are counted,
with each drift how many nights pass until the alarm, and whether its first cause is the right one. Studies of different
nights may be the same films: chance is as large as it is between studies, and figures have ties. All films of the
usual hospital are stored alike, uncompressed, so that a blurred one is told by its pixels and not by its file.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pandas as pd
import pydicom
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian
from scipy.ndimage import gaussian_filter
from sqlalchemy import select

from dicom_router.dataset.pseudonyms import fingerprint
from dicom_router.dicom.reading import read
from dicom_router.labels import CLASSES
from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring.drift.assessing import Looking, Night, keep
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.log.records import PredictionLog, opened
from dicom_router.monitoring.log.tables import COMMISSIONS, EMBEDDINGS, PREDICTIONS
from dicom_router.monitoring.rescoring import Request, rescore
from dicom_router.params import Drift, load_params
from dicom_router.sample.writing import Sample, write_sample

KEY: Final = "the key of a benchmark, for no patient"
FIRST: Final = date(2026, 1, 5)  # a Monday
REFERENCE: Final = 28  # nights
VOLUME: Final = (40, 44, 42, 40, 38, 22, 16)  # studies a night, by weekday
WEEKEND: Final = {"spine": 0.3, "other": 1.5}  # of a weekday's weight: no clinic, more accidents
PATIENCE: Final = 10  # nights that a drift is given

Row = Mapping[str, Any]
Studies = list[list[dict[str, Any]]]  # rows of the log, study by study


@dataclass(frozen=True)
class Drifted:
    """A drift: a share of each night's studies comes from another pool; ``causes`` are the right ones to name."""

    pool: str
    share: float
    causes: frozenset[str]
    mix: Mapping[str, float] = field(default_factory=dict)  # by how much the shares of labels change


DEVICE: Final = frozenset({"exposure", "noise", "saturation", "sharpness", "resolution", "encoding", "within_class"})
DRIFTS: Final = {
    "inverted grey from one scanner": Drifted("inverted", 0.5, DEVICE),
    "a new manufacturer": Drifted("other town", 0.4, frozenset({"manufacturer"})),
    "20% shift in class mix": Drifted("usual", 1.0, frozenset({"class_mix"}), {"adult_chest": -0.2, "spine": 0.2}),
    "children at an adult site": Drifted("children", 0.3, frozenset({"age", "class_mix"})),
    "lateral spines": Drifted("lateral spines", 0.2, frozenset({"view", "within_class", "class_mix"})),
    "a blurred detector": Drifted("blurred", 1.0, DEVICE),
    "10% non-radiographs": Drifted("no radiographs", 0.1, frozenset({"quarantine"})),
}


def invert(path: Path) -> None:
    """Let the header say the opposite of what the greys mean."""
    ds = pydicom.dcmread(path)
    ds.PhotometricInterpretation = "MONOCHROME1" if ds.PhotometricInterpretation == "MONOCHROME2" else "MONOCHROME2"
    ds.save_as(path)


def blur(path: Path) -> None:
    """Blur the pixels, as a worn detector does."""
    store(path, 0.006)


def store(path: Path, sigma: float = 0.0) -> None:
    """Store the greys that are seen, blurred by so much of the longer side, uncompressed in 12 bits."""
    ds = pydicom.dcmread(path)
    stored = read(path.read_bytes()).pixels
    greys = gaussian_filter(np.asarray(stored, np.float32), sigma * max(stored.shape))
    scaled = (greys - greys.min()) / max(float(np.ptp(greys)), 1e-6) * 4095
    ds.PixelData = scaled.astype("<u2").tobytes()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PhotometricInterpretation, ds.BitsStored, ds.BitsAllocated, ds.HighBit = "MONOCHROME2", 12, 16, 11
    ds.Rows, ds.Columns, ds.PixelRepresentation = *greys.shape, 0
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTSequence", "VOILUTFunction", "ModalityLUTSequence",
                    "RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "PresentationLUTShape"):  # fmt: skip
        if keyword in ds:
            del ds[keyword]
    ds.save_as(path, enforce_file_format=True)


def no_radiograph(path: Path) -> None:
    """Make a section of it, or a photograph, in turn."""
    if int(path.stem[-1], 16) % 2:
        ds = pydicom.dcmread(path)
        ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
        ds.save_as(path)
    else:
        noise = np.random.default_rng(int(path.stem[:8], 16)).integers(0, 256, (300, 400, 3), np.uint8)
        path.unlink()
        Image.fromarray(gaussian_filter(noise, (4, 4, 0))).save(path.with_suffix(".png"))


CHANGES: Final[Mapping[str, Callable[[Path], None]]] = {
    "inverted": invert,
    "blurred": blur,
    "no_radiographs": no_radiograph,
}


def score_pools(folder: Path, project: Path, films: int, jobs: int) -> dict[str, list[dict[str, Any]]]:
    """Write films, change them, score all, and return the rows of the log by pool."""
    for _ in write_sample(Sample(films, 4711), folder / "sample", jobs=jobs):
        pass
    labels = pd.read_csv(folder / "sample/labels.csv")
    for site, table in labels.groupby("site"):
        for path in table["path"]:
            delivered = _deliver(folder, "usual" if site == "synthetic-a" else "other_town", path)
            if site == "synthetic-a":
                store(delivered)
    for site, change in CHANGES.items():
        for path in labels[labels["site"] == "synthetic-a"]["path"].iloc[: films // 4]:
            delivered = _deliver(folder, site, path)
            store(delivered)
            change(delivered)
    request = Request(
        inbox=folder / "inbox",
        data=folder / "none",
        log=f"sqlite:///{folder}/pool.sqlite",
        key=KEY,
        model=str(project / "artifacts/model"),
        site=None,
        since=None,
        until=None,
        timezone="UTC",
        days=30,
        quiet_seconds=0,
        jobs=jobs,
        timeout=60.0,
        allow_synthetic=True,
    )
    print("\n".join(rescore(request).lines))
    pools: dict[str, list[dict[str, Any]]] = {}
    joined = PREDICTIONS.outerjoin(EMBEDDINGS, (EMBEDDINGS.c.image == PREDICTIONS.c.image))
    with opened(request.log, fingerprint(KEY)) as log:
        wanted = select(*PREDICTIONS.columns, EMBEDDINGS.c.features).select_from(joined)
        for row in log.rows(wanted.order_by(PREDICTIONS.c.image), 1000):
            pools.setdefault(row["site"], []).append(dict(row))
    return pools


def _deliver(folder: Path, site: str, path: str) -> Path:
    target = folder / "inbox" / site / Path(path).name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((folder / "sample" / path).read_bytes())
    return target


def studies_of(rows: Sequence[dict[str, Any]]) -> Studies:
    """Return the rows study by study."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["study"], []).append(row)
    return list(found.values())


def split_pools(pools: Mapping[str, list[dict[str, Any]]]) -> dict[str, Studies]:
    """Return the pools that nights are drawn from: the usual one is of adults, without lateral spines."""
    everything = studies_of(pools["usual"])

    def child(study: list[dict[str, Any]]) -> bool:
        return any(row["label"] == "pediatric_chest" or (row["age_years"] or 50) < 16 for row in study)

    def lateral(study: list[dict[str, Any]]) -> bool:
        return any(row["label"] == "spine" and row["view"] in ("LL", "RL") for row in study)

    usual = [study for study in everything if not child(study) and not lateral(study)]
    known = {row["study"] for study in usual for row in study}
    changed = {site: [study for study in studies_of(rows) if site == "no_radiographs" or study[0]["study"] in known]
               for site, rows in pools.items() if site in CHANGES}  # fmt: skip
    return {
        "usual": usual,
        "children": [study for study in everything if child(study)],
        "lateral spines": [study for study in everything if lateral(study) and not child(study)],
        "other town": [study for study in studies_of(pools["other_town"]) if not child(study)],
        **{site.replace("_", " "): rows for site, rows in changed.items()},
    }


@dataclass
class Simulated:
    """A site whose nights are drawn."""

    log: PredictionLog
    pools: Mapping[str, Studies]
    model: str
    settings: Drift
    random: np.random.Generator
    site: str = "site"

    def deliver(self, number: int, drift: Drifted | None = None) -> None:
        """Draw a night and write it down as a run would."""
        night = FIRST + timedelta(days=number)
        count = int(self.random.poisson(VOLUME[night.weekday()]))
        moment = datetime(night.year, night.month, night.day, 2, tzinfo=UTC)
        other = 0 if drift is None or drift.pool == "usual" else int(self.random.binomial(count, drift.share))
        mix = {} if drift is None else drift.mix
        drawn = [*self._draw("usual", count - other, night, mix), *self._draw(drift.pool if drift else "usual", other, night, {})]  # fmt: skip  # noqa: E501
        rows = [
            row
            for place, study in enumerate(drawn)
            for row in self._as_new(study, f"{self.site}-{number}-{place}", moment)
        ]
        self.log.write(rows, [])
        counts = dict.fromkeys(("seen", "scored", "quarantined", "waiting", "known"), 0)
        self.log.end_run({"started": moment, "ended": moment, "model": self.model, **counts})

    def look(self, number: int) -> Night:
        """Look at a night, and keep what was found."""
        films: TestFilms | None = None
        found = Looking(self.log, self.model, films, "UTC", self.settings).look(FIRST + timedelta(days=number))
        keep(self.log, found, "")
        return found

    def commission(self) -> None:
        """Sign the first nights off."""
        row = {"site": self.site, "since": FIRST, "until": FIRST + timedelta(days=REFERENCE - 1), "model": self.model}
        figures = {"nights": REFERENCE, "studies": REFERENCE * 35, "reviewed": 100, "agreed": 97}
        words = {"agreement": '{"confidence": 0.97}', "by": "a benchmark", "because": "usual"}
        self.log.insert(COMMISSIONS, {**row, **figures, **words, "signed": datetime(2026, 2, 2, tzinfo=UTC)})

    def _draw(self, pool: str, count: int, night: date, mix: Mapping[str, float]) -> Studies:
        studies = self.pools[pool]
        if not count or not studies:
            return []
        cycle = WEEKEND if night.weekday() > 4 and pool == "usual" else {}
        labels = [each[0]["label"] for each in studies]
        more = {name: 1 + change * len(labels) / labels.count(name) for name, change in mix.items()}
        weights = np.array([cycle.get(name, 1.0) * max(more.get(name, 1.0), 0.0) for name in labels])
        return [studies[place] for place in self.random.choice(len(studies), count, p=weights / weights.sum())]

    def _as_new(self, study: list[dict[str, Any]], name: str, moment: datetime) -> Iterator[dict[str, Any]]:
        for film, row in enumerate(study):
            new = {"image": f"{name}-{film}", "study": name, "site": self.site, "received": moment, "scored": moment}
            yield {**row, **new}


@contextmanager
def simulated(
    folder: Path, pools: Mapping[str, Studies], settings: Drift, seed: int, sites: int = 1
) -> Iterator[list[Simulated]]:
    """Yield sites of one log, each with its reference signed off."""
    path = folder / "drift.sqlite"
    path.unlink(missing_ok=True)
    with opened(f"sqlite:///{path}", fingerprint(KEY)) as log:
        model = pools["usual"][0][0]["model"]
        found = [
            Simulated(log, pools, model, settings, np.random.default_rng([seed, place]), f"site-{place}")
            for place in range(sites)
        ]
        for site in found:
            for number in range(REFERENCE):
                site.deliver(number)
            site.commission()
        yield found


def quiet_year(
    folder: Path, pools: Mapping[str, Studies], settings: Drift, nights: int, sites: int
) -> dict[str, dict[str, int]]:
    """Return for each site how many nights without drift were watched, and how many alarms began."""
    states: dict[str, list[State]] = {}
    with simulated(folder, pools, settings, 100, sites) as every:
        for number in range(REFERENCE, REFERENCE + nights):
            for site in every:
                site.deliver(number)
            for seen in every[0].look(number).sites:
                states.setdefault(seen.site, []).append(seen.state)
                if seen.state is not State.GREEN:
                    causes = [(each.title, each.words) for each in seen.causes]
                    print(f"  night {number}, {seen.site}: {seen.state} {causes}", flush=True)
    return {site: _counted(found) for site, found in states.items()}


def _counted(states: Sequence[State]) -> dict[str, int]:
    before = [State.GREEN, *states[:-1]]
    alarms = sum(now is State.ALARM and then is not State.ALARM for then, now in zip(before, states, strict=True))
    return {"nights": len(states), "watched": states.count(State.WATCH), "alarms": alarms}


def detect(
    folder: Path, pools: Mapping[str, Studies], settings: Drift, drift: Drifted, seed: int
) -> tuple[int | None, int | None, str]:
    """Return the nights until a watch and until the alarm (1 is the first drifted one), and the cause that it names."""
    with simulated(folder, pools, settings, seed) as (site,):
        start, watched = REFERENCE + seed % 7, None
        for number in range(REFERENCE, start):
            site.deliver(number)
            site.look(number)
        for number in range(start, start + PATIENCE):
            site.deliver(number, drift)
            found = site.look(number)
            if found.state is not State.GREEN and watched is None:
                watched = number - start + 1
            if found.state is State.ALARM:
                return watched, number - start + 1, found.sites[0].causes[0].signal.name
    return watched, None, ""


def main() -> None:
    """Score the pools, simulate, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, default=Path(), help="the folder that holds artifacts/model")
    parser.add_argument("--films", type=int, default=600)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--sites", type=int, default=4, help="whose year without drift is simulated, in one log")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=-1)
    asked = parser.parse_args()
    settings = load_params().monitoring.drift
    with TemporaryDirectory() as scratch:
        folder, began = Path(scratch), time.monotonic()
        pools = split_pools(score_pools(folder, asked.project, asked.films, asked.jobs))
        print({name: len(studies) for name, studies in pools.items()}, f"{time.monotonic() - began:.0f} s", flush=True)
        mix = pd.Series([study[0]["label"] for study in pools["usual"]]).value_counts(normalize=True)
        print(mix.reindex(list(CLASSES)).round(2).to_dict(), flush=True)
        for name, drift in DRIFTS.items() if asked.repeats else ():
            runs = [detect(folder, pools, settings, drift, seed) for seed in range(asked.repeats)]
            _print(name, drift, runs)
        for site, counts in quiet_year(folder, pools, settings, asked.nights, asked.sites).items():
            print(f"{site}, without drift: {counts}", flush=True)
        print(f"{time.monotonic() - began:.0f} s")


def _print(name: str, drift: Drifted, runs: Sequence[tuple[int | None, int | None, str]]) -> None:
    delays = [delay for _, delay, _ in runs if delay is not None]
    first = [watched for watched, _, _ in runs if watched is not None]
    right = sum(cause in drift.causes for _, delay, cause in runs if delay is not None)
    named = ", ".join(sorted({cause for _, delay, cause in runs if delay is not None}))
    print(f"{name}: alarm in {len(delays)} of {len(runs)} within {PATIENCE} nights, median {_median(delays)};"
          f" watch after {_median(first)}; right cause first {right} of {len(delays)} ({named})",
          flush=True)  # fmt: skip


def _median(nights: Sequence[int]) -> str:
    return f"{np.median(nights):g}" if nights else "none"


if __name__ == "__main__":
    main()
