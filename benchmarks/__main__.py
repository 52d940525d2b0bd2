"""Run every benchmark, with its own defaults, or one: ``python -m benchmarks [NAME [OPTION …]]``."""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run the named benchmark with its options, or all, each in a process of its own."""
    here = Path(__file__).parent
    every = [[path.stem] for path in sorted(here.glob("[a-z]*.py"))]
    for name, *options in [sys.argv[1:]] if sys.argv[1:] else every:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], cwd=here.parent, check=True)


if __name__ == "__main__":
    main()
