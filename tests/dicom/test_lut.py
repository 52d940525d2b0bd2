"""Lookup tables with the liberties that writers take."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_router.dicom.lut import read_lut


def table(descriptor: list[int], data: object, vr: str = "OW", descriptor_vr: str = "US") -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, descriptor_vr, descriptor)
    item.add_new(0x00283006, vr, data)
    return item


def looked_up(item: Dataset, inputs: list[float]) -> list[float]:
    lut = read_lut(item, little_endian=True)
    assert lut is not None
    return lut.look_up(np.array(inputs)).tolist()


def test_inputs_outside_the_table_get_its_ends() -> None:
    item = table([3, 10, 8], np.array([5, 6, 7], "<u2").tobytes())
    assert looked_up(item, [-100, 10, 11, 12, 999]) == [5, 5, 6, 7, 7]


def test_zero_entries_are_65536() -> None:
    item = table([0, 0, 16], np.arange(65536, dtype="<u2").tobytes())
    assert looked_up(item, [0, 40000, 65535, 70000]) == [0, 40000, 65535, 65535]


@pytest.mark.parametrize(("first", "vr"), [(0xFFF6, "US"), (-10, "SS")])
def test_the_first_value_is_signed_where_the_inputs_are(first: int, vr: str) -> None:
    item = table([3, first, 8], np.array([5, 6, 7], "<u2").tobytes(), descriptor_vr=vr)
    assert looked_up(item, [-11, -10, -9, -8, 0]) == [5, 5, 6, 7, 7]


def test_a_negative_first_value_serves_inputs_that_happen_to_be_positive() -> None:
    item = table([3, 0xFFFF, 8], np.array([5, 6, 7], "<u2").tobytes())
    assert looked_up(item, [0, 1]) == [6, 7]


def test_a_large_first_value_stays_unsigned_where_the_inputs_reach_it() -> None:
    item = table([2, 50000, 8], np.array([5, 6], "<u2").tobytes())
    assert looked_up(item, [49999, 50000, 50001]) == [5, 5, 6]


def test_tables_of_8_bits_come_as_bytes_too() -> None:
    assert looked_up(table([4, 0, 8], bytes([1, 2, 3, 255])), [0, 1, 2, 3]) == [1, 2, 3, 255]


def test_tables_of_8_bits_come_as_words_too() -> None:
    assert looked_up(table([4, 0, 8], np.array([1, 2, 3, 255], "<u2").tobytes()), [0, 1, 2, 3]) == [1, 2, 3, 255]


def test_tables_come_as_numbers_too() -> None:
    assert looked_up(table([3, 0, 12], [0, 2048, 4095], vr="US"), [0, 1, 2]) == [0, 2048, 4095]


def test_big_endian_tables_are_read_in_their_order() -> None:
    lut = read_lut(table([2, 0, 16], np.array([1, 513], ">u2").tobytes()), little_endian=False)
    assert lut is not None
    assert lut.entries.tolist() == [1, 513]


@pytest.mark.parametrize(
    ("stated", "largest", "bits"),
    [
        (8, 255, 8),
        (8, 200, 8),
        (12, 4095, 12),
        (16, 60000, 16),
        (8, 4095, 12),  # entries exceed what is stated
        (16, 4095, 12),  # stated by the word, not by the value
        (16, 255, 8),
        (0, 4095, 12),
    ],
)
def test_the_full_scale_is_the_stated_one_unless_the_entries_contradict(stated: int, largest: int, bits: int) -> None:
    lut = read_lut(table([2, 0, stated], np.array([0, largest], "<u2").tobytes()), little_endian=True)
    assert lut is not None
    assert lut.full_scale == 2**bits - 1


@pytest.mark.parametrize(
    "item",
    [
        Dataset(),
        table([4, 0], b"\0\0"),
        table([4, 0, 8], b""),
        table([4, 0, 8], None),
    ],
)
def test_garbage_is_no_table(item: Dataset) -> None:
    assert read_lut(item, little_endian=True) is None
