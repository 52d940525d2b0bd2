"""Where a command writes what a user named by ``--output``."""

from pathlib import Path

from dicom_router.errors import DataError


def require_folder(output: Path) -> None:
    """Make sure that the folder of ``output`` is there: one that is not may be a slip, or a share that is not mounted.

    Raises:
        DataError: it is not.
    """
    if not output.parent.is_dir():
        raise DataError(f"--output {output}: the folder {output.parent} does not exist; make it, or name another")
