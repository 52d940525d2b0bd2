"""How long a command takes before it does anything: ``dicom-router --help`` beside a bare interpreter."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median


def seconds(command: Sequence[str], runs: int = 10) -> float:
    """Return the median wall time of ``command`` over ``runs`` runs after one warm-up."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return median(times[1:])


def main() -> None:
    """Print both medians and their ratio."""
    plain = seconds([sys.executable, "-c", "pass"])
    ours = seconds([str(Path(sys.executable).parent / "dicom-router"), "--help"])
    print(f"python -c pass       {plain:.3f} s")
    print(f"dicom-router --help  {ours:.3f} s   {ours / plain:.1f} x")


if __name__ == "__main__":
    main()
