"""The search for identifiers finds what it must, in whatever way a program wrote it down."""

import base64
import gzip
import json
import sqlite3
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dicom.files import DEFLATED, file_bytes, film
from PIL import Image, PngImagePlugin
from planting import FILES, IDENTIFIERS, REFUSED
from searching import search

Write = Callable[[Path, str], object]


def _png(text: str) -> bytes:
    chunks, stream = PngImagePlugin.PngInfo(), BytesIO()
    chunks.add_text("Comment", f"{text} " * 20, zip=True)
    Image.new("L", (8, 8)).save(stream, "PNG", pnginfo=chunks)
    return stream.getvalue()


def _zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", f"{text} " * 20)


def _sqlite(path: Path, text: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (name text)")
        connection.execute("insert into t values (?)", (text,))
    connection.close()


def _git(path: Path, text: str) -> None:
    path.mkdir()
    subprocess.run(["git", "init", "--quiet", path], check=True)
    subprocess.run(["git", "-C", path, "hash-object", "-w", "--stdin"], input=text.encode(), check=True)


def _deflated(path: Path, text: str) -> None:
    array = np.zeros((16, 16), "u2")
    path.write_bytes(
        file_bytes(film(array, SpecificCharacterSet="ISO_IR 192", PatientComments=text), array.tobytes(), DEFLATED)
    )


WAYS: dict[str, Write] = {
    "as it stands": lambda path, text: path.write_text(f"x{text}x", encoding="utf-8"),
    "capitals": lambda path, text: path.write_text(text.upper(), encoding="utf-8"),
    "Latin-1": lambda path, text: path.write_bytes(text.encode("latin-1")),
    "UTF-16, little endian": lambda path, text: path.write_bytes(f"a{text}".encode("utf-16-le")),
    "UTF-16, big endian": lambda path, text: path.write_bytes(f"a{text}".encode("utf-16-be")),
    **{
        f"base64 after {n} bytes": lambda path, text, n=n: path.write_bytes(
            base64.b64encode(b"x" * n + text.encode() + b"yz")
        )
        for n in range(4)
    },
    "hex": lambda path, text: path.write_text(text.encode().hex()),
    "JSON": lambda path, text: path.write_text(json.dumps({"name": text})),
    "backwards": lambda path, text: path.write_text(text[::-1], encoding="utf-8"),
    "a name of a file": lambda path, text: (path.with_name(f"a {text}")).touch(),
    "ZIP": _zip,
    "gzip": lambda path, text: path.write_bytes(gzip.compress(text.encode())),
    "gzip in gzip": lambda path, text: path.write_bytes(gzip.compress(gzip.compress(text.encode()))),
    "zlib": lambda path, text: path.write_bytes(zlib.compress(text.encode())),
    "Parquet": lambda path, text: pd.DataFrame({"a": [text] * 9}).to_parquet(path, compression="zstd"),
    "SQLite": _sqlite,
    "Git": _git,
    "a PNG's text": lambda path, text: path.write_bytes(_png(text)),
    "a PNG in a page": lambda path, text: path.write_bytes(
        b'<img src="data:image/png;base64,' + base64.b64encode(_png(text)) + b'">'
    ),
    "deflated DICOM": _deflated,
}


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("write", WAYS.values(), ids=WAYS.keys())
def test_an_identifier_is_found_in_whatever_way_it_is_written(tmp_path: Path, write: Write, identifier: str) -> None:
    write(tmp_path / "file", identifier)
    assert identifier in {finding.identifier for finding in search([tmp_path], IDENTIFIERS)}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("0.19310317 119310317 quarles 770041239")
    assert search([tmp_path], IDENTIFIERS) == []


@pytest.mark.parametrize("name", [*FILES, *REFUSED])
def test_every_planted_file_holds_something_to_find(tmp_path: Path, name: str) -> None:
    (tmp_path / "film").write_bytes({**FILES, **REFUSED}[name](1))
    assert search([tmp_path], IDENTIFIERS) != []
