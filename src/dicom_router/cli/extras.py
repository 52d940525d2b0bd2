"""What a command needs beyond the light install, said in words where it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from dicom_router.errors import RouterError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import in the block what the extra ``name`` brings.

    Raises:
        RouterError: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise RouterError(
            f"this needs {error.name}, which is not installed: install the extra, with "
            f"`pip install 'dicom-router[train,{name}]'`, or work in the .venv that `make setup` makes"
        ) from None
