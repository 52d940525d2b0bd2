"""A file read at the size that the network needs: the same picture as the whole film gives, within a tolerance."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any, Final

import numpy as np
import pytest
from dicom.files import (
    BASELINE,
    BIG_ENDIAN,
    DEFLATED,
    ENCODERS,
    EXTENDED,
    HTJ2K,
    HTJ2K_LOSSLESS,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    file_bytes,
    film,
    window,
    write_film,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicom_router.dicom.film import Film
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess, preprocess_file, target_shape
from dicom_router.dicom.reading import read, read_for
from dicom_router.dicom.unpainted import Unpainted
from dicom_router.errors import UnreadableImage

EXACT = [ExplicitVRLittleEndian, IMPLICIT, BIG_ENDIAN, DEFLATED, RLE, LOSSLESS_SV1, JPEG_LS, EXTENDED]
REDUCED = [JPEG_2000_LOSSLESS, JPEG_2000, HTJ2K_LOSSLESS, HTJ2K]
SPEC: Final = PreprocessingSpec(64, "letterbox")
SHAPE: Final = (600, 540)
MEAN, EDGE = 1.0, 45.0  # of 255: on average, and at the sharpest edges that a film has
BACKGROUND, COLLIMATED = 0.02, 0.97


def anatomy(rows: int = 600, columns: int = 540, seed: int = 0) -> np.ndarray:
    """Return a picture in [0, 1] with what films have: a soft body, bones, a marker, collimation, grain."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[:rows, :columns] / max(rows, columns)
    body = 0.3 + 0.35 * np.exp(-(((across - 0.42) / 0.3) ** 2)) + 0.12 * np.sin(across * 25) * np.cos(down * 18)
    body += 0.15 * np.exp(-(((across - 0.4 - 0.1 * np.sin(down * 5)) / 0.03) ** 2))
    body += (COLLIMATED - body) * _soft(down, 0.07, 0.17) * _soft(across, 0.07, 0.10)
    body += (BACKGROUND - body) * _soft(across, columns / max(rows, columns) - 0.08, 2)
    return np.clip(body + random.normal(0, 0.01, body.shape), 0, 1)


def _soft(place: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Return 1 between ``start`` and ``stop``, with edges as soft as a detector's: three pixels of 600."""
    return np.clip((place - start) / 0.005, 0, 1) * np.clip((stop - place) / 0.005, 0, 1)


def stored(bits: int = 12, **size: int) -> np.ndarray:
    return np.rint(anatomy(**size) * (2**bits - 1)).astype("u1" if bits == 8 else "u2")


def differences(path: Path, spec: PreprocessingSpec = SPEC) -> np.ndarray:
    """Return the differences (S, S) between the file preprocessed and its whole film preprocessed."""
    return np.abs(preprocess_file(path, spec).pixels.astype(int) - preprocess(read(path), spec))


def decoded(path: Path, spec: PreprocessingSpec = SPEC) -> tuple[int, ...]:
    """Return the size at which the pixels of ``path`` were decoded."""
    found = read_for(path, lambda header: target_shape((header.Rows, header.Columns), header.pixel_aspect, spec))
    return found.pixels.shape if isinstance(found, Film) else found.index.shape


@pytest.mark.parametrize("syntax", EXACT)
@pytest.mark.parametrize("bits", [10, 12])
def test_fully_decoded_films_differ_by_rounding_alone(tmp_path: Path, syntax: str, bits: int) -> None:
    bits = 12 if syntax == EXTENDED else bits
    path = write_film(tmp_path / "film.dcm", stored(bits), syntax, BitsStored=bits, **window(100, 2**bits * 0.8))
    assert differences(path).max() <= 1


@pytest.mark.parametrize("syntax", [*REDUCED, BASELINE])
@pytest.mark.parametrize(("size", "halvings"), [(64, 2), (112, 2), (200, 2), (230, 1)])
def test_films_decoded_at_a_smaller_size_stay_within_the_tolerance(
    tmp_path: Path, syntax: str, size: int, halvings: int
) -> None:
    bits = 8 if syntax == BASELINE else 12
    array = stored(bits, rows=1200, columns=1040)
    path = write_film(tmp_path / "film.dcm", array, syntax, BitsStored=bits, **window(0, 2**bits * 0.9))
    spec = PreprocessingSpec(size, "letterbox")
    found = differences(path, spec)
    assert decoded(path, spec)[0] == 1200 >> (1 if syntax == BASELINE and size > 150 else halvings)
    assert found.mean() < MEAN
    assert found.max() < EDGE


@pytest.mark.parametrize(("rows", "columns"), [(601, 523), (1027, 1031), (1029, 841), (1150, 1102)])
@pytest.mark.parametrize("syntax", [JPEG_2000_LOSSLESS, BASELINE])
def test_sides_that_cannot_be_halved_stay_in_place(tmp_path: Path, rows: int, columns: int, syntax: str) -> None:
    bits = 8 if syntax == BASELINE else 12
    array = stored(bits, rows=rows, columns=columns)
    path = write_film(tmp_path / "film.dcm", array, syntax, BitsStored=bits, **window(0, 2**bits - 1))
    assert decoded(path) < (rows, columns)
    assert differences(path).mean() < MEAN


def test_an_edge_lies_where_it_lay(tmp_path: Path) -> None:
    # a wavelet's sample sits on the first of its pixels, not in their middle: ignored, edges move by half a sample
    array = np.zeros((512, 512), "u2")
    array[:, 200:] = 4000
    path = write_film(tmp_path / "film.dcm", array, JPEG_2000_LOSSLESS, BitsStored=12, **window(0, 4000))
    rows = [preprocess(read(path), SPEC)[32], preprocess_file(path, SPEC).pixels[32]]
    places = [512 - row.sum() / 255 * 8 for row in rows]
    assert places[0] == pytest.approx(200, abs=0.1)
    assert places[1] == pytest.approx(200, abs=0.3)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG_LS, JPEG_2000_LOSSLESS])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_polarity_and_depth_make_no_difference(tmp_path: Path, syntax: str, photometric: str, bits: int) -> None:
    attributes = {"PhotometricInterpretation": photometric, **window(0, 2**bits * 0.9)}
    path = write_film(tmp_path / "film.dcm", stored(bits), syntax, BitsStored=bits, **attributes)
    assert differences(path).mean() < MEAN


def test_grain_of_8_bits_is_not_lifted_by_the_integer_wavelet(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(8), JPEG_2000_LOSSLESS, **window(0, 255))
    assert decoded(path) == SHAPE


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, LOSSLESS_SV1, JPEG_2000_LOSSLESS])
def test_signed_films_are_read_alike(tmp_path: Path, syntax: str) -> None:
    array = (stored(12).astype("i4") - 2048).astype("i2")
    path = write_film(tmp_path / "film.dcm", array, syntax, BitsStored=12, **window(-2000, 1500))
    assert differences(path).mean() < (MEAN if syntax == JPEG_2000_LOSSLESS else 0.01)


def voi_lut(entries: np.ndarray) -> dict[str, Any]:
    item = Dataset()
    item.LUTDescriptor = [len(entries), 0, 16]
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return {"VOILUTSequence": Sequence([item])}


CURVE: Final = 65535 * np.linspace(0, 1, 4096) ** 2.2
GREYS: dict[str, Callable[[], dict[str, Any]]] = {
    "none": dict,
    "an exact window": lambda: window(200, 3500),
    "a narrow window": lambda: window(1400, 1900),
    "a sigmoid": lambda: {"WindowCenter": 2000, "WindowWidth": 2500, "VOILUTFunction": "SIGMOID"},
    "a table": lambda: voi_lut(CURVE),
    "rescaled": lambda: {"RescaleSlope": 0.5, "RescaleIntercept": -100, **window(0, 1800)},
    "inverse": lambda: {"PresentationLUTShape": "INVERSE", **window(0, 4095)},
    "exposure": lambda: {"PresentationIntentType": "FOR PROCESSING", "PixelIntensityRelationship": "LIN"},
}


@pytest.mark.parametrize("greys", GREYS)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG_2000_LOSSLESS])
def test_however_greys_come_about_they_are_the_same(tmp_path: Path, greys: str, syntax: str) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12), syntax, BitsStored=12, **GREYS[greys]())
    found = differences(path)
    assert found.mean() < (MEAN if syntax == JPEG_2000_LOSSLESS else 0.1)
    assert found.max() <= (EDGE if syntax == JPEG_2000_LOSSLESS else 1)


def test_percentiles_of_a_sample_are_nearly_those_of_all_pixels(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12, rows=1500, columns=1300), BitsStored=12)
    assert differences(path).mean() < 0.3


PADDED: Final = {"PixelPaddingValue": 4095, **window(0, 4095)}
SHUTTERED: Final = {
    "ShutterShape": "RECTANGULAR",
    "ShutterLeftVerticalEdge": 31,
    "ShutterRightVerticalEdge": 203,
    "ShutterUpperHorizontalEdge": 17,
    "ShutterLowerHorizontalEdge": 251,
    **window(0, 4095),
}


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLE, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS])
@pytest.mark.parametrize("attributes", [PADDED, SHUTTERED], ids=["padding", "a shutter"])
def test_what_is_no_picture_is_never_mixed_in(tmp_path: Path, syntax: str, attributes: dict[str, Any]) -> None:
    array = stored(12)
    array[:70, :90] = 4095
    path = write_film(tmp_path / "film.dcm", array, syntax, BitsStored=12, **attributes)
    assert differences(path).max() <= 1


def test_baseline_jpeg_with_padding_is_decoded_in_full(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(8), BASELINE, PixelPaddingValue=5, **window(0, 255))
    assert decoded(path) == SHAPE


def test_embedded_overlays_are_removed_before_anything_is_averaged(tmp_path: Path) -> None:
    words = stored(12)
    words[40:90, 40:90] |= 1 << 15
    ds = film(words, BitsStored=12, **window(0, 4095))
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 15)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, encapsulate([ENCODERS[JPEG_2000_LOSSLESS](words, 16)]), JPEG_2000_LOSSLESS))
    assert decoded(path) == SHAPE
    assert differences(path).max() <= 1


def test_palette_indices_are_never_averaged(tmp_path: Path) -> None:
    palette = np.random.default_rng(0).permutation(256).astype("u2") * 257
    attributes: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for channel in ("Red", "Green", "Blue"):
        attributes[f"{channel}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        attributes[f"{channel}PaletteColorLookupTableData"] = palette.tobytes()
    path = write_film(tmp_path / "film.dcm", stored(8), JPEG_2000_LOSSLESS, **attributes)
    assert decoded(path) == SHAPE
    assert differences(path).max() <= 1


@pytest.mark.parametrize("greys", ["none", "a narrow window", "exposure"])
def test_greys_that_depend_on_the_grain_come_from_the_whole_film(tmp_path: Path, greys: str) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12), JPEG_2000_LOSSLESS, BitsStored=12, **GREYS[greys]())
    assert decoded(path) == SHAPE
    assert differences(path).max() <= 1


def test_a_colour_film_gives_its_luminance(tmp_path: Path) -> None:
    array = np.stack([stored(8)] * 3, axis=-1)
    path = write_film(tmp_path / "film.dcm", array, JPEG_2000_LOSSLESS)
    assert differences(path).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_exports_are_preprocessed_as_their_film(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    Image.fromarray(stored(8)).save(path)
    assert differences(path).max() == 0


@pytest.mark.parametrize("syntax", [JPEG_2000_LOSSLESS, BASELINE, JPEG_LS, RLE, ExplicitVRLittleEndian])
def test_a_film_that_ends_early_has_the_same_reason_as_when_it_is_read_whole(tmp_path: Path, syntax: str) -> None:
    whole = write_film(tmp_path / "film.dcm", stored(8), syntax, **window(0, 255)).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(UnreadableImage) as by_size:
        preprocess_file(path, SPEC)
    with pytest.raises(UnreadableImage) as in_full:
        read(path)
    assert (by_size.value.reason, by_size.value.detail) == (in_full.value.reason, in_full.value.detail)


def test_a_large_file_is_mapped_and_read_as_a_small_one(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12, rows=900, columns=800), BitsStored=12, **window(0, 4095))
    assert path.stat().st_size > 1 << 20
    np.testing.assert_array_equal(read(path).pixels, (stored(12, rows=900, columns=800) / 4095).astype("f4"))
    path.write_bytes(path.read_bytes()[: 1 << 20])
    with pytest.raises(UnreadableImage, match="are needed"):
        read(path)


def test_the_pixels_are_the_same_every_time(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12), JPEG_2000_LOSSLESS, BitsStored=12)
    assert preprocess_file(path, SPEC).pixels.tobytes() == preprocess_file(path, SPEC).pixels.tobytes()


layouts = st.fixed_dictionaries(
    {
        "bits": st.integers(8, 16),
        "signed": st.booleans(),
        "inverted": st.booleans(),
        "rows": st.integers(40, 640),
        "columns": st.integers(40, 640),
        "low": st.floats(0, 0.3),
        "high": st.floats(0.5, 1.2),
        "padding": st.booleans(),
        "syntax": st.sampled_from([ExplicitVRLittleEndian, BIG_ENDIAN, LOSSLESS_SV1, JPEG_2000_LOSSLESS, RLE]),
        "size": st.integers(16, 128),
        "fit": st.sampled_from(["letterbox", "stretch"]),
    }
)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(layout=layouts)
def test_any_layout_gives_the_whole_films_picture(layout: dict[str, Any]) -> None:
    bits, full = layout["bits"], 2 ** layout["bits"] - 1
    array = np.rint(anatomy(layout["rows"], layout["columns"]) * full).astype("i4")
    base = -(2 ** (bits - 1)) if layout["signed"] else 0
    attributes = window(base + layout["low"] * full, base + layout["high"] * full)
    attributes["PhotometricInterpretation"] = "MONOCHROME1" if layout["inverted"] else "MONOCHROME2"
    if layout["padding"] and not layout["signed"]:
        attributes["PixelPaddingValue"] = 0
    kind = ("i" if layout["signed"] else "u") + ("1" if bits == 8 else "2")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.dcm"
        write_film(path, (array + base).astype(kind), layout["syntax"], BitsStored=bits, **attributes)
        assert differences(path, PreprocessingSpec(layout["size"], layout["fit"])).mean() < MEAN


def test_a_ramp_gives_what_the_table_gives(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", stored(12), BitsStored=12, **window(300.5, 3000.25))
    found = read_for(path, lambda _: (32, 32))
    assert isinstance(found, Unpainted)
    assert found.ramp is not None
    greys = found.greys(found.rows(0, SHAPE[0]).astype("f4"), None)
    np.testing.assert_allclose(np.clip(greys, 0, 1), found.paint().pixels, atol=1 / 1024)


@pytest.mark.parametrize("name", ["UNC", "RLE", "JPLL", "JPLY", "JLSL", "JLSN", "J2KR", "J2KI"])
def test_the_hip_is_the_same_as_when_it_is_read_whole(real_xr: Path, name: str) -> None:
    found = differences(real_xr / "nema" / "images" / f"RG2_{name}.dcm", PreprocessingSpec(224, "letterbox"))
    assert found.mean() < (0.5 if name.startswith("J2K") else 0.01)
    assert found.max() < 10


edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)


@pytest.fixture(scope="module", params=[JPEG_2000_LOSSLESS, BASELINE])
def content(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    bits = 8 if request.param == BASELINE else 12
    path = tmp_path_factory.mktemp("films") / "film.dcm"
    return write_film(path, stored(bits), request.param, BitsStored=bits, **window(0, 2**bits)).read_bytes()


@settings(deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, kept=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_a_mutated_film_gives_pixels_or_a_reason(content: bytes, edits: list[tuple[float, int]], kept: float) -> None:
    damaged = bytearray(content)
    for place, byte in edits:
        damaged[int(place**4 * len(content))] = byte  # most of them in the header
    with NamedTemporaryFile() as file:
        file.write(damaged[: int(kept * len(content))])
        file.flush()
        try:
            pixels = preprocess_file(Path(file.name), SPEC).pixels
        except UnreadableImage:
            return
    assert pixels.shape == (64, 64)
