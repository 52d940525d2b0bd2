"""Files written whole or not at all."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

PARTIAL: Final = ".partial"
ANYBODY: Final = 0o666  # as far as the process's umask lets them
OWNER: Final = 0o600
_UNDER_WAY: Final = re.compile(rf"\.(.+)\.\d+{re.escape(PARTIAL)}", re.DOTALL)


@contextmanager
def atomically(path: Path, *, durable: bool = True, mode: int = ANYBODY) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` that is renamed into place when the block ends well, and else is gone.

    Who writes many files passes ``durable=False`` and waits once for all of them (``os.sync``)
    before writing what refers to them. ``mode`` says whom the file is for (``OWNER``), also where there is one already.
    A process that is killed leaves a file whose name ends in ``PARTIAL``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    under_way = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open(under_way, "wb", opener=partial(os.open, mode=mode)) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        under_way.replace(path)
    finally:
        under_way.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes, *, durable: bool = True, mode: int = ANYBODY) -> None:
    """Write ``content`` to ``path`` whole or not at all, as ``atomically`` does."""
    with atomically(path, durable=durable, mode=mode) as file:
        file.write(content)


def becomes(path: Path) -> Path:
    """Return the file that ``path`` is, or that it will be once ``atomically`` is through with it."""
    name = _UNDER_WAY.fullmatch(path.name)
    return path.with_name(name[1]) if name else path


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write ``document`` for people and programs: indented, in its own order, no NaN; in one step."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, text.encode("utf-8"))
