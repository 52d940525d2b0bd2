"""Whatever happens to the bytes of a film, reading it gives an array or a reason."""

from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
from dicom.files import (
    BIG_ENDIAN,
    DEFLATED,
    EXTENDED,
    HTJ2K_LOSSLESS,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    write_film,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dicom.reading import read
from dicom_router.errors import UnreadableImage

SYNTAXES = [
    ExplicitVRLittleEndian,
    IMPLICIT,
    BIG_ENDIAN,
    DEFLATED,
    RLE,
    EXTENDED,
    LOSSLESS_SV1,
    JPEG_LS,
    JPEG_2000_LOSSLESS,
    HTJ2K_LOSSLESS,
]
ARRAY = (np.add.outer(np.arange(24), np.arange(20)) * 90).astype("u2")

edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)


@pytest.fixture(scope="module", params=SYNTAXES)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("films") / "film.dcm"
    attributes = {"WindowCenter": 2048, "WindowWidth": 4096, "PixelPaddingValue": 0, "PatientAge": "045Y"}
    return write_film(path, ARRAY, request.param, BitsStored=12, **attributes).read_bytes()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, kept=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_a_mutated_film_is_an_array_or_has_a_reason(film: bytes, edits: list[tuple[float, int]], kept: float) -> None:
    content = bytearray(film)
    for place, byte in edits:
        content[int(place * len(content))] = byte
    with NamedTemporaryFile() as file:
        file.write(content[: int(kept * len(content))])
        file.flush()
        try:
            pixels = read(Path(file.name)).pixels
        except UnreadableImage:
            return
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() <= pixels.max() <= 1
