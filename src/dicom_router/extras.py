"""What is needed beyond the light install, said in words where it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from dicom_router.errors import MissingExtra


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import in the block what the extra ``name``, or several with commas between, brings.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dicom_router"):
            raise  # a mistake of ours, and no extra brings it
        raise MissingExtra(error.name, name) from None
