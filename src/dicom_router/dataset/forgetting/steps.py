"""The steps of an erasure, in order. Each says what it finds and takes that away; done twice is done once."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.dataset.forgetting import caches, records
from dicom_router.dataset.forgetting.journal import JOURNAL
from dicom_router.dataset.forgetting.targets import Target
from dicom_router.dataset.programs import output
from dicom_router.dataset.sides import sides_of_last_run, with_sides
from dicom_router.dataset.table import read_labels, write_labels
from dicom_router.storage import PARTIAL

DATA: Final = Path("data")
POINTER: Final = Path("data.dvc")
LOCK: Final = Path("dvc.lock")
# What is made of the films, and can be made again: tables, pixels, thumbnails, pages, logs, checkpoints, models.
DERIVED: Final = (
    "artifacts",
    "reports",
    "work",
    "audit",
    "explanation.html",
    "dvc_plots",
    "dvclive",
    ".dvc/tmp/exps",
    ".platform/runs",
    ".platform/work",
)


@dataclass(frozen=True)
class Erasure:
    """What is taken out of the project in ``root``, of DVC's ``cache``, and of ``remotes`` where ``cloud`` says so."""

    root: Path
    target: Target
    cache: Path
    remotes: tuple[str, ...]
    cloud: bool


@dataclass(frozen=True)
class Step:
    """A step: what it would take away now, in words ("" for nothing), and how."""

    name: str
    finds: Callable[[Erasure], str]
    act: Callable[[Erasure], None]


def _find_rows(erasure: Erasure) -> str:
    labels = read_labels(erasure.root / DATA)
    going = labels["path"].isin(erasure.target.paths)
    if not going.any():
        return ""
    kept = labels[~going]
    pinned = int((with_sides(kept, sides_of_last_run(erasure.root))["split"] != kept["split"]).sum())
    sides = f"; {pinned:,} other rows get their side of the last run as `split`, so that no patient changes sides"
    return f"{going.sum():,} of {len(labels):,} rows of {DATA}/labels.csv{sides * bool(pinned)}"


def _remove_rows(erasure: Erasure) -> None:
    data = erasure.root / DATA
    labels = read_labels(data)
    kept = labels[~labels["path"].isin(erasure.target.paths)]
    if len(kept) < len(labels):
        write_labels(data, with_sides(kept, sides_of_last_run(erasure.root)))  # a new file: links into the cache hold


def _films(erasure: Erasure) -> list[Path]:
    """Return the files, and unfinished ones that a killed import or this command left."""
    data = erasure.root / DATA
    listed = (data / path for path in erasure.target.paths)
    return [path for path in listed if path.exists() or path.is_symlink()] + sorted(data.rglob(f".*{PARTIAL}"))


def _find_films(erasure: Erasure) -> str:
    found = _films(erasure)
    return f"{len(found):,} files in {DATA}/" if found else ""


def _remove_films(erasure: Erasure) -> None:
    for path in _films(erasure):
        path.unlink()
        if path.parent != erasure.root / DATA and not any(path.parent.iterdir()):
            path.parent.rmdir()


def _find_records(erasure: Erasure) -> str:
    rows, lists = records.count_in_ledger(erasure.root, erasure.target), records.refusal_lists(erasure.root)
    found = [f"{rows:,} rows of {records.LEDGER}"] * bool(rows)
    found += [f"{len(lists):,} lists of refusals, which hold original paths and do not say whose"] * bool(lists)
    return ", ".join(found)


def _remove_records(erasure: Erasure) -> None:
    """Remove the lists; the ledger's rows go last, when ``records.without_films`` lets imports in again."""
    for path in records.refusal_lists(erasure.root):
        path.unlink()


def _derived(root: Path) -> list[Path]:
    """Return what is made of the films; the journal of this erasure stays."""
    keep = root / JOURNAL.parent
    tops = [root / name for name in DERIVED if (root / name).exists()]
    parts = [sorted(top.iterdir()) if top in keep.parents else [top] for top in tops]
    return [path for part in parts for path in part if path != keep]


def _find_derived(erasure: Erasure) -> str:
    names = sorted({path.relative_to(erasure.root).as_posix() for path in _derived(erasure.root)})
    return f"{', '.join(names)}: everything that was made of the films, the model in artifacts/model with it" * bool(
        names
    )


def _remove_derived(erasure: Erasure) -> None:
    for path in _derived(erasure.root):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _find_version(erasure: Erasure) -> str:
    lock = f"{LOCK} (the next run writes it)" * (erasure.root / LOCK).exists()
    pointer = f"the version in {POINTER}, replaced by that of the dataset without them"
    return ", ".join(filter(None, [lock, pointer * (erasure.root / POINTER).exists()]))


def _replace_version(erasure: Erasure) -> None:
    (erasure.root / LOCK).unlink(missing_ok=True)
    if (erasure.root / POINTER).exists():
        output(erasure.root, "dvc", "--quiet", "add", str(DATA))


def _find_cache(erasure: Erasure) -> str:
    if caches.is_shared(erasure.root, erasure.cache):
        return ""
    labels = read_labels(erasure.root / DATA)
    others = caches.films_in(erasure.cache) - set(labels["path"]) - set(erasure.target.paths)
    lost = f"; {len(others):,} films that only other versions have go with them: copy those versions first to keep them"
    return f"DVC's cache, but for the dataset without them: earlier versions cannot be had again{lost * bool(others)}"


def _clean_cache(erasure: Erasure) -> None:
    if caches.is_shared(erasure.root, erasure.cache):
        return
    output(erasure.root, "dvc", "--quiet", "gc", "--workspace", "--force")
    shutil.rmtree(erasure.cache / "runs", ignore_errors=True)  # hashes of runs whose files are gone


def _find_notes(erasure: Erasure) -> str:
    return "the names and hashes of files that DVC has noted outside the project"


def _remove_notes(erasure: Erasure) -> None:
    folder = caches.notes_folder(erasure.root)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _find_remotes(erasure: Erasure) -> str:
    names = " and ".join(erasure.remotes)
    return f"everything but the new version in the remote {names}" if names and erasure.cloud else ""


def _clean_remotes(erasure: Erasure) -> None:
    for name in erasure.remotes if erasure.cloud else ():
        output(erasure.root, "dvc", "--quiet", "gc", "--workspace", "--cloud", "--remote", name, "--force")


STEPS: Final = (
    Step("rows", _find_rows, _remove_rows),
    Step("films", _find_films, _remove_films),
    Step("records", _find_records, _remove_records),
    Step("derived", _find_derived, _remove_derived),
    Step("version", _find_version, _replace_version),
    Step("cache", _find_cache, _clean_cache),
    Step("notes", _find_notes, _remove_notes),
    Step("remotes", _find_remotes, _clean_remotes),
)
