"""What lies above BitsStored: overlays, sign, or value that the header denies."""

from pathlib import Path

import numpy as np
import pytest
from dicom.files import blocks, file_bytes, film, native_bytes, shown, window

from dicom_router.dicom.bits import stored_values
from dicom_router.dicom.reading import read
from dicom_router.dicom.samples import Layout, Samples

RAMP = np.add.outer(np.arange(32), np.arange(32)).astype("u2") * 100  # 0 to 6200, smooth


def stored(words: np.ndarray, layout: Layout, overlay_bits: int = 0, overridden: Layout | None = None) -> np.ndarray:
    return stored_values(Samples(words, layout, "MONOCHROME2", overridden), overlay_bits)


def test_values_that_exceed_bits_stored_are_never_wrapped() -> None:
    np.testing.assert_array_equal(stored(RAMP, Layout(12, 11, False)), RAMP)


def test_an_overlay_that_is_declared_is_masked() -> None:
    words = RAMP // 2
    words[5:9, 5:20] |= 1 << 15
    np.testing.assert_array_equal(stored(words, Layout(12, 11, False), overlay_bits=1 << 15), RAMP // 2)


def test_an_overlay_whose_declaration_was_stripped_is_masked() -> None:
    words = RAMP // 2
    words[5:9, 5:20] |= 1 << 12
    np.testing.assert_array_equal(stored(words, Layout(12, 11, False)), RAMP // 2)


def test_overlay_bits_within_the_value_are_not_cleared() -> None:
    np.testing.assert_array_equal(stored(RAMP, Layout(16, 15, False), overlay_bits=1 << 10), RAMP)


def test_values_at_the_high_end_are_moved_down() -> None:
    np.testing.assert_array_equal(stored((RAMP // 2) << 4, Layout(12, 15, False)), RAMP // 2)


def test_a_high_bit_that_the_pixels_contradict_is_not_believed() -> None:
    np.testing.assert_array_equal(stored(RAMP // 2 + 1, Layout(12, 15, False)), RAMP // 2 + 1)


def test_an_extended_sign_is_no_value() -> None:
    values = (RAMP // 2).astype("i2") - 1500
    np.testing.assert_array_equal(stored(values.view("u2"), Layout(12, 11, True)), values)


@pytest.mark.parametrize("truth", [True, False])
def test_where_header_and_codestream_disagree_about_the_sign_the_smoother_reading_wins(truth: bool) -> None:
    values = (RAMP // 2).astype("i4") - (1500 if truth else 0)
    words = (values & 0xFFF).astype("u2")
    read_as = stored(words, Layout(12, 11, not truth), overridden=Layout(12, 11, truth))
    np.testing.assert_array_equal(read_as, values)


def test_where_both_readings_agree_the_codestream_is_believed() -> None:
    words = RAMP // 8
    assert stored(words, Layout(12, 11, False), overridden=Layout(12, 11, True)).dtype.kind == "u"


def test_an_embedded_overlay_does_not_show_in_the_film(tmp_path: Path) -> None:
    array = blocks([0, 100, 200, 400])
    array[2:9, 3:7] |= 1 << 14
    ds = film(array, BitsStored=12, **window(0, 400))
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 14)
    path = tmp_path / "film.dcm"
    path.write_bytes(file_bytes(ds, native_bytes(array)))
    np.testing.assert_array_equal(read(path).pixels, blocks([0, 0.25, 0.5, 1.0], "f4"))


@pytest.mark.parametrize(("bits", "high"), [(0, 7), (99, 11), (12, 40), (12, 3)])
def test_an_impossible_layout_is_corrected(tmp_path: Path, bits: int, high: int) -> None:
    attributes = {"BitsStored": bits, "HighBit": high, **window(0, 400)}
    assert shown(tmp_path, [0, 100, 200, 400], **attributes) == [0.0, 0.25, 0.5, 1.0]
