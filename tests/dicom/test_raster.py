"""PNG and JPEG exports."""

import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dicom_router.dicom.reading import read, read_header
from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason

GREY = np.add.outer(np.arange(20), np.arange(30)).astype("u1") * 5


def saved(folder: Path, image: Image.Image, kind: str = "PNG", **options: object) -> Path:
    path = folder / f"film.{kind.lower()}"
    image.save(path, kind, **options)
    return path


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60)).astype("u1"))


def test_grey_of_8_bits_is_shown_as_it_is(tmp_path: Path) -> None:
    film = read(saved(tmp_path, Image.fromarray(GREY)))
    np.testing.assert_allclose(film.pixels, GREY / 255, rtol=1e-6)
    assert film.pixels.dtype == np.float32
    assert film.valid is None


def test_the_header_of_an_export_says_what_it_is(tmp_path: Path) -> None:
    header = read_header(saved(tmp_path, Image.fromarray(GREY), "JPEG"))
    assert (header.file_format, header.Rows, header.Columns, header.BitsStored) == ("jpeg", 20, 30, 8)
    assert (header.TransferSyntaxUID, header.Modality, header.age_years, header.synthetic) == ("", "", None, False)


def test_grey_of_16_bits_is_stretched(tmp_path: Path) -> None:
    array = np.repeat([1000, 1500, 2000, 3000], 5).astype("u2")[:, None].repeat(20, 1)
    film = read(saved(tmp_path, Image.fromarray(array)))
    assert film.pixels[::5, 0].tolist() == [0.0, 0.25, 0.5, 1.0]
    assert film.header.BitsAllocated == 16


def test_colour_is_its_luminance(tmp_path: Path) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], "u1").repeat(5, 0)
    film = read(saved(tmp_path, Image.fromarray(np.broadcast_to(colours[:, None], (20, 20, 3)).copy())))
    np.testing.assert_allclose(film.pixels[::5, 0], [0.299, 0.587, 0.114, 1.0], atol=0.002)
    assert film.header.PhotometricInterpretation == "RGB"


@pytest.mark.parametrize("mode", ["P", "1", "LA", "RGBA"])
def test_every_mode_of_an_export_is_read(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(np.where(GREY > 100, 255, 0).astype("u1"))
    film = read(saved(tmp_path, image.convert(mode)))
    np.testing.assert_array_equal(film.pixels, np.where(GREY > 100, 1.0, 0.0))


def test_what_is_transparent_is_black_and_invalid(tmp_path: Path) -> None:
    alpha = np.full(GREY.shape, 255, "u1")
    alpha[:5] = 0
    film = read(saved(tmp_path, Image.fromarray(np.dstack([np.full_like(GREY, 200), alpha]), "LA")))
    assert film.valid is not None
    assert not film.valid[:5].any()
    assert film.valid[5:].all()
    assert not film.pixels[:5].any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_orientation_of_a_camera_is_undone(tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    film = read(saved(tmp_path, Image.fromarray(GREY), kind, exif=exif))
    np.testing.assert_allclose(film.pixels, np.rot90(GREY, -1) / 255, atol=0.02)
    assert (film.header.Rows, film.header.Columns) == (30, 20)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_an_export_that_ends_early_is_truncated(tmp_path: Path, kind: str, share: float) -> None:
    path = saved(tmp_path, noise(), kind)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize("size", [(60000, 60000), (12000, 12000)])
def test_a_bomb_is_too_large(tmp_path: Path, size: tuple[int, int]) -> None:
    buffer = BytesIO()
    Image.new("L", (16, 16)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path = tmp_path / "film.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableImage) as caught:
        read_header(path)
    assert caught.value.reason is Reason.TOO_LARGE


def test_damage_inside_is_corrupt(tmp_path: Path) -> None:
    path = saved(tmp_path, noise())
    content = bytearray(path.read_bytes())
    content[600] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.reason is Reason.CORRUPT


def test_an_animation_has_several_frames(tmp_path: Path) -> None:
    first, second = Image.fromarray(GREY), Image.fromarray(255 - GREY)
    path = saved(tmp_path, first, save_all=True, append_images=[second])
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.reason is Reason.MULTI_FRAME


def test_a_thumbnail_is_too_small(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(GREY[:15]))
    with pytest.raises(UnreadableImage) as caught:
        read(path)
    assert caught.value.reason is Reason.TOO_SMALL


def test_the_name_of_a_file_counts_for_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(GREY)).rename(tmp_path / "film.dcm")
    assert read(path).header.file_format == "png"
