"""How a stage ends: quietly, or with one message that a person can act on."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from dicom_router.errors import RouterError


def run(main: Callable[[], None]) -> None:
    """Run a stage's ``main``: a RouterError becomes one message on standard error and exit code 1.

    Anything else is a bug or a dead service, and keeps its traceback.
    """
    try:
        main()
    except RouterError as error:
        sys.stdout.flush()
        print(f"{_stage(main)}: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"{_stage(main)}: stopped", file=sys.stderr)
        sys.exit(130)


def _stage(main: Callable[[], None]) -> str:
    """Return the stage's name: its module's file, since the module itself is called ``__main__``."""
    return Path(inspect.getfile(main)).stem
