"""Files written whole or not at all."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

PARTIAL: Final = ".partial"


@contextmanager
def atomically(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` that is renamed into place when the block ends well, and else is gone.

    Who writes many files passes ``durable=False`` and waits once for all of them (``os.sync``)
    before writing what refers to them. A process that is killed leaves a file whose name ends in ``PARTIAL``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` to ``path`` whole or not at all, as ``atomically`` does."""
    with atomically(path, durable=durable) as file:
        file.write(content)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write ``document`` for people and programs: indented, in its own order, no NaN; in one step."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, text.encode("utf-8"))
