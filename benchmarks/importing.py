"""Time the import against `cp -r` and sha256sum of the same folder: ``python -m benchmarks.importing [--images N]``.

Films of the sample are imported with two processes: a sixteenth of them, the same once more, the same out of one ZIP
archive, and all; then ``--clinical N`` films as large as a detector makes them. Memory is the highest sum of the
resident sets of the command and its processes, as in benchmarks.dataset; processor seconds are theirs too, and say more
where a machine is busy. Last, a folder of empty files is walked as the import does. docs/benchmarks.md holds the
figures of 16,093 films.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.dataset import JOBS, Measured, measure
from dicom_router.dataset.pseudonyms import KEY_VARIABLE

SHARE = 16
KEY = "a key for a benchmark, of nobody"
PLAIN = "rm -rf plain && cp -r {source} plain && find plain -type f -print0 | xargs -0 sha256sum > sums && sync"
WALK = """
import resource, sys, time
from dicom_router import walking
from pathlib import Path
walk, folder = sys.argv[1:]
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
entries = sum(1 for _ in getattr(walking, walk)(Path(folder)))
taken, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{walk:8} {entries:>9,} files  {taken:6.1f} s  {(peak - bare) / 1024:6.1f} MiB more than before")
"""


def part_of(sample: Path, share: int, target: Path) -> Path:
    """Copy one in ``share`` films of the sample, with their rows."""
    header, *rows = (sample / "labels.csv").read_text(encoding="utf-8").splitlines()
    kept = rows[::share]
    for row in kept:
        path = target / row.partition(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample / row.partition(",")[0], path)
    (target / "labels.csv").write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    return target


def archive_of(sample: Path, target: Path) -> Path:
    """Pack the films of the sample into a ZIP archive beside a table that names them there."""
    target.mkdir()
    with zipfile.ZipFile(target / "films.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in (sample / "images").rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(sample))
    table = (sample / "labels.csv").read_text(encoding="utf-8").replace("\nimages/", "\nfilms.zip/images/")
    (target / "labels.csv").write_text(table, encoding="utf-8")
    return target


def import_of(name: str, source: Path, folder: Path, data: str) -> Measured:
    """Import ``source`` into ``folder / data``."""
    command = ["dicom-router", "import", str(source), "--label-from", str(source / "labels.csv")]
    options = ["--site", "bench", "--with-synthetic", "--jobs", str(JOBS), "--data", data]
    return measure(name, ["env", f"{KEY_VARIABLE}={KEY}", *command, *options], folder)


@contextmanager
def many_files(folder: Path, entries: int) -> Iterator[Path]:
    """Make a folder of ``entries`` empty files, and remove it."""
    folder.mkdir()
    for number in range(entries):
        (folder / f"{number:07}").touch()
    yield folder
    shutil.rmtree(folder)


def walked(folder: Path, entries: int) -> None:
    """Print the memory of a walk as a stream and of one that sorts, each in a process of its own."""
    with many_files(folder / "many", entries) as many:
        for walk in ("stream", "walk"):
            subprocess.run([sys.executable, "-c", WALK, walk, str(many)], check=True)


def clinical_films(folder: Path, count: int) -> Path:
    """Write ``count`` films of 3000x2500 pixels, 12 bits in 16, uncompressed: 15 MB each, and no two alike."""
    from benchmarks.classify import CODINGS, film_pixels, write_film  # takes PyTorch's seconds

    folder.mkdir()
    pixels = film_pixels(3000, 2500, 12)
    for number in range(count):
        write_film(folder / f"{number}.dcm", np.roll(pixels, number, axis=0), 12, CODINGS["uncompressed"])
    rows = [f"{number}.dcm,adult_chest" for number in range(count)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows]) + "\n", encoding="utf-8")
    return folder


def measure_all(folder: Path, images: int, sample: Path | None, clinical: int) -> Iterator[tuple[int, int, Measured]]:
    """Yield films, bytes and what was measured, run by run."""
    if sample is None:
        sample = folder / "sample"
        measure("sample", ["dicom-router", "sample", "--images", str(images), "--jobs", str(JOBS), str(sample)], folder)
    few, large = part_of(sample, SHARE, folder / "few"), clinical_films(folder / "large", clinical)
    for name, source, data in (
        ("cp -r and sha256sum", sample, ""),
        ("import, a sixteenth", few, "few-data"),
        ("the same again", few, "few-data"),
        ("the same as a ZIP", archive_of(few, folder / "packed"), "packed-data"),
        ("import", sample, "data"),
        ("cp -r and sha256sum", large, ""),
        ("import, 15 MB a film", large, "large-data"),
    ):
        films = len((source / "labels.csv").read_text(encoding="utf-8").splitlines()) - 1
        size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
        plain = ["sh", "-c", PLAIN.format(source=source)]
        yield films, size, import_of(name, source, folder, data) if data else measure(name, plain, folder)


def processor_seconds() -> float:
    """Return the processor time of every process that has ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print a row per run, and the memory of the walks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1600, help="films of the sample (default: a tenth of 16,093)")
    parser.add_argument("--sample", type=Path, help="a sample that exists, instead of a new one")
    parser.add_argument("--clinical", type=int, default=200, help="films of clinical size")
    parser.add_argument("--entries", type=int, default=100_000, help="empty files to walk over")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        (folder / "dvc.yaml").touch()
        sample = options.sample.resolve() if options.sample else None
        plain, before = 0.0, processor_seconds()
        for films, size, one in measure_all(folder, options.images, sample, options.clinical):
            used, before = processor_seconds() - before, processor_seconds()
            plain = plain if one.name.startswith("import") or "same" in one.name else one.seconds / films
            rates = f"{one.seconds:7.1f} s {films / one.seconds:6,.0f} films/s {size / one.seconds / 1e6:6.1f} MB/s"
            costs = f"{used:6.1f} s of a core  {one.peak / 2**20:6,.0f} MiB  x {one.seconds / films / plain:.2f}"
            print(f"{one.name:20} {films:>7,} films {rates} {costs}", flush=True)
        walked(folder, options.entries)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
