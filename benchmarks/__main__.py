"""Run every benchmark of this folder, with its own defaults: ``python -m benchmarks [NAME …]``."""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run the named benchmarks, or all, each in a process of its own."""
    here = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in here.glob("[a-z]*.py"))
    for name in names:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=here.parent, check=True)


if __name__ == "__main__":
    main()
