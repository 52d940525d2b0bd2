"""Every byte of a folder, unpacked and searched for identifiers in the ways that programs write them."""

import base64
import gzip
import html
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyarrow.parquet

DEEPEST: Final = 4  # packings within packings
LARGEST: Final = 1 << 28


@dataclass(frozen=True)
class Finding:
    """An ``identifier`` in a file, what way it was written, and what stands around it."""

    path: str
    identifier: str
    written: str
    around: bytes


def writings(identifier: str) -> dict[str, bytes]:
    """Return the byte strings that give ``identifier`` away; all but base64 in lower case."""
    text = identifier.lower()
    found = {
        "utf-8": text.encode(),
        "latin-1": text.encode("latin-1"),
        "utf-16": text.encode("utf-16-le")[:-1],  # and, but for its first byte, of big endian too
        "hex": text.encode().hex().encode(),
        "HEX as it stands": identifier.encode().hex().encode(),
        "JSON": json.dumps(text)[1:-1].encode(),
        "HTML": html.escape(text).encode("ascii", "xmlcharrefreplace"),
        "URL": quote(text).lower().encode(),
        "backwards": text[::-1].encode(),
        "utf-8, capitals": identifier.upper().encode().lower(),  # of which bytes.lower() leaves some as they are
        "latin-1, capitals": identifier.upper().encode("latin-1").lower(),
    }
    for form in {identifier, identifier.upper(), identifier.lower()}:
        found |= {f"base64 of {form}, {shift}": _base64(form.encode(), shift) for shift in range(3)}
    return found


def _base64(data: bytes, shift: int) -> bytes:
    """Return what is the same in base64 of ``data`` wherever it stands, ``shift`` bytes after a multiple of three."""
    coded = base64.b64encode(b"\0" * shift + data)
    first, last = (0, 2, 3)[shift], {0: 0, 1: -3, 2: -2}[(shift + len(data)) % 3]
    return coded[first : last or None]


def search(
    roots: Iterable[Path], identifiers: Iterable[str], skip: Callable[[Path], bool] = lambda path: False
) -> list[Finding]:
    """Search files and folders, names of files included; a file that is linked twice is read once.

    ``roots`` are a project, a store of MLflow or Prefect, a log: whatever a program left behind.
    """
    needles = [(one, name, needle) for one in identifiers for name, needle in writings(one).items()]
    findings: dict[Finding, None] = {}
    seen: set[tuple[int, int]] = set()
    for path in _files(roots):
        status = path.lstat()
        if skip(path) or path.is_symlink():
            continue
        views = [str(path).encode("utf-8", "surrogateescape")]
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            views += unpacked(path.read_bytes())
        findings |= dict.fromkeys(finding for view in views for finding in _found(str(path), view, needles))
    return list(findings)


def search_text(text: str, identifiers: Iterable[str]) -> list[Finding]:
    """Search what a program printed."""
    needles = [(one, name, needle) for one in identifiers for name, needle in writings(one).items()]
    return list(_found("printed", text.encode(), needles))


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from [root] if root.is_file() else (path for path in sorted(root.rglob("*")) if path.is_file())


def _found(path: str, view: bytes, needles: Iterable[tuple[str, str, bytes]]) -> Iterator[Finding]:
    lower = view.lower()
    for identifier, name, needle in needles:
        haystack = view if name.startswith("base64") else lower
        start = haystack.find(needle)
        while start >= 0 and identifier.isdecimal() and _within_a_number(haystack, start, len(needle)):
            start = haystack.find(needle, start + 1)
        if start >= 0:
            yield Finding(path, identifier, name, view[max(0, start - 30) : start + 60])


def _within_a_number(haystack: bytes, start: int, length: int) -> bool:
    """Say whether more digits, or a point before, stand around a date: many a fraction holds one by chance."""
    before, after = haystack[max(0, start - 1) : start], haystack[start + length : start + length + 1]
    return length <= len("YYYYMMDD") and (before == b"." or before.isdigit() or after.isdigit())


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield ``data``, and what it holds if it is packed, at any depth (``UNPACKERS``)."""
    yield data
    if depth == DEEPEST:
        return
    for recognised, unpack in UNPACKERS:
        if recognised(data):
            for part in unpack(data):
                yield from unpacked(part, depth + 1)


def _zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for entry in archive.infolist():
            yield entry.filename.encode()
            yield archive.read(entry)


def _parquet(data: bytes) -> Iterator[bytes]:
    content = pyarrow.parquet.read_table(BytesIO(data))
    for column in content.columns:
        yield "\n".join(map(str, column.to_pylist())).encode("utf-8", "surrogateescape")


def _zlib(data: bytes) -> Iterator[bytes]:
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            yield zlib.decompressobj(window).decompress(data, LARGEST)
            return
        except zlib.error:
            continue


def _png(data: bytes) -> Iterator[bytes]:
    """Yield all image data inflated, and the compressed part of each chunk of text."""
    offset, image = 8, b""
    while offset + 8 <= len(data):
        length, name = int.from_bytes(data[offset : offset + 4]), data[offset + 4 : offset + 8]
        content = data[offset + 8 : offset + 8 + length]
        image += content if name == b"IDAT" else b""
        for start in (match.start() for match in re.finditer(b"\x78[\x01\x5e\x9c\xda]", content)):
            if name != b"IDAT":
                yield from _zlib(content[start:])
        offset += length + 12
    yield from _zlib(image)


def _dicom(data: bytes) -> Iterator[bytes]:
    """Yield what a deflated data set inflates to."""
    start = 144 + int.from_bytes(data[140:144], "little")
    yield from _zlib(data[start:])


def _data_uris(data: bytes) -> Iterator[bytes]:
    for coded in re.findall(rb";base64,([A-Za-z0-9+/]+={0,2})", data):
        yield base64.b64decode(coded + b"=" * (-len(coded) % 4))


UNPACKERS: Final[list[tuple[Callable[[bytes], bool], Callable[[bytes], Iterator[bytes]]]]] = [
    (lambda data: data.startswith(b"PK\x03\x04"), _zip),
    (lambda data: data.startswith(b"\x1f\x8b"), lambda data: iter([gzip.decompress(data)])),
    (lambda data: data[:1] == b"\x78" and int.from_bytes(data[:2]) % 31 == 0, _zlib),
    (lambda data: data[:4] == data[-4:] == b"PAR1", _parquet),
    (lambda data: data.startswith(b"\x89PNG"), _png),
    (lambda data: data[128:132] == b"DICM" and b"1.2.840.10008.1.2.1.99" in data[:1024], _dicom),
    (lambda data: b";base64," in data, _data_uris),
]
