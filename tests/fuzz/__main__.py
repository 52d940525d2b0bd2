"""Damage films and read them: ``make fuzz``, or ``python -m fuzz --number 4711`` to see one again."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fuzz.reading import BYTES, SECONDS, Case, Verdict, fuzz, judge
from tqdm import tqdm

from dicom_router.cells import workers_for

REAL = Path(__file__).resolve().parents[2].parent / "shared/real-xr/nema/images"


def main() -> int:
    """Read the damaged films; return 1 where one ended as none may."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000, help="damaged films to read")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--number", type=int, help="read this one alone, in this process")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 is one per core")
    options = parser.parse_args()
    real = tuple(sorted(REAL.glob("*.dcm")))
    if options.number is not None:
        print(judge(Case(options.number, real)))
        return 0
    cases = [Case(number, real) for number in range(options.first, options.first + options.files)]
    verdicts = fuzz(cases, workers_for(options.jobs))
    return report(list(tqdm(verdicts, "fuzz", len(cases), unit=" films", disable=not sys.stderr.isatty())))


def report(verdicts: Iterable[Verdict]) -> int:
    """Print how films ended, and those that ended as none may."""
    verdicts = list(verdicts)
    for outcome, count in Counter(verdict.outcome for verdict in verdicts).most_common():
        print(f"{outcome:28} {count:7,}")
    slowest, largest = max(verdicts, key=lambda of: of.seconds), max(verdicts, key=lambda of: of.peak)
    print(f"slowest: {slowest.seconds:.2f} s (number {slowest.number}; at most {SECONDS:g})")
    print(f"most memory: {largest.peak >> 20} MiB (number {largest.number}; at most {BYTES >> 20})")
    bad = [verdict for verdict in verdicts if not verdict.is_sound]
    for verdict in bad:
        print(f"number {verdict.number}: {verdict.outcome} {verdict.detail} {verdict.seconds:.1f} s", file=sys.stderr)
    print(f"{len(verdicts):,} damaged films: {len(bad)} ended as none may")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
