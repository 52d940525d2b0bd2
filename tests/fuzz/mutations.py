"""Ways to damage a film, each a function of a random generator and the bytes."""

import re
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Final

from dicom_router.dicom.decoding import CODESTREAMS, NATIVE, RLE

Mutation = Callable[[Random, bytes], bytes]

PIXEL_DATA: Final = (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")
LENGTHS: Final = (0, 1, 2, 7, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF)
NUMBERS: Final = (0, 1, 2, 3, 8, 12, 15, 16, 17, 32, 36, 40, 64, 255, 1000, 10_000, 32_767, 32_768, 65_535)
SIZES: Final = ((10_000, 10_000), (65_535, 1_500), (1_500, 65_535), (20_000, 5_000), (17, 60_000), (4_000, 4_000))
VALUE_REPRESENTATION: Final = re.compile(rb"[\x00-\xff]{4}(?:[ADFIOSU][A-Z]|CS|LO|LT|PN|TM)[\x00-\xff]{2}")
# Unsigned shorts of the image's description, group 0028, in explicit and implicit files of either byte order.
SHORT: Final = re.compile(
    rb"\x28\x00[\x00-\xff]{2}(?:US\x02\x00|\x02\x00\x00\x00)|\x00\x28[\x00-\xff]{2}(?:US\x00\x02)"
)
SYNTAXES: Final = tuple(sorted({*NATIVE, *CODESTREAMS, RLE, "1.2.840.10008.1.2.4.100", "1.2.3"} - {""}))
SYNTAX_ELEMENT: Final = re.compile(rb"\x02\x00\x10\x00UI([\x00-\xff]{2})([0-9.]+\x00?)")
FRAME_HEADER: Final = re.compile(rb"\xff[\xc0-\xc3\xc5-\xcb\xcd-\xcf\xf7]\x00[\x0b-\x14][\x02-\x10]")
JPEG_2000_SIZE: Final = re.compile(rb"\xff\x4f\xff\x51[\x00-\xff]{4}")
PNG_HEADER: Final = b"IHDR"
DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
SEQUENCE: Final = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"
ITEM, EMPTY_ITEM = b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\0\0\0\0"


def mutate(random: Random, data: bytes) -> bytes:
    """Damage ``data`` in one to three ways."""
    for mutation in random.choices(MUTATIONS, k=random.choice((1, 1, 2, 3))):
        data = mutation(random, data) or data
    return data


def flip_bits(random: Random, data: bytes) -> bytes:
    content = bytearray(data)
    for _ in range(random.choice((1, 2, 4, 16, 64))):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def flip_bits_of_the_header(random: Random, data: bytes) -> bytes:
    start = _start_of_header(data)
    end = min(len(data), start + random.choice((64, 300, 1200)))
    return data[:start] + flip_bits(random, data[start:end]) + data[end:] if end > start else data


def flip_bits_of_the_pixels(random: Random, data: bytes) -> bytes:
    start = max(map(data.rfind, PIXEL_DATA))
    return data if start < 0 else data[:start] + flip_bits(random, data[start:])


def overwrite(random: Random, data: bytes) -> bytes:
    place, count = random.randrange(len(data)), random.choice((1, 2, 4, 16, 100))
    filling = random.choice((b"\0", b"\xff", b"\x7f", bytes([random.randrange(256)])))
    return data[:place] + (filling * count)[: len(data) - place] + data[place + count :]


def truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(1, len(data))]


def append(random: Random, data: bytes) -> bytes:
    return data + random.choice((b"\0", b"\xff", b"\xfe\xff\x00\xe0", b"\xff\xd8")) * random.choice((1, 100, 10_000))


def cut_out(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + data[place + random.choice((1, 2, 4, 8, 100)) :]


def repeat(random: Random, data: bytes) -> bytes:
    place, count = random.randrange(len(data)), random.choice((2, 8, 64, 1000))
    return data[:place] + data[place : place + count] * random.choice((2, 10, 100)) + data[place + count :]


def splice(random: Random, data: bytes) -> bytes:
    """Put one part over another."""
    here, there, count = random.randrange(len(data)), random.randrange(len(data)), random.choice((4, 16, 200))
    return data[:here] + data[there : there + count] + data[here + count :]


def change_a_length(random: Random, data: bytes) -> bytes:
    """Set the length of an element that says its value representation."""
    elements = list(VALUE_REPRESENTATION.finditer(data))
    if not elements:
        return data
    element = random.choice(elements)
    long = element[0][4:6] in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF")
    order = random.choice("<<<<>")
    old = int.from_bytes(data[element.end() - 2 : element.end()], "little")
    new = random.choice((*LENGTHS, old + 2, abs(old - 2), old + 1, old * 2, random.randrange(1 << 16)))
    if long:
        return data[: element.end()] + struct.pack(f"{order}I", new & 0xFFFFFFFF) + data[element.end() + 4 :]
    return data[: element.end() - 2] + struct.pack(f"{order}H", new & 0xFFFF) + data[element.end() :]


def change_an_item_length(random: Random, data: bytes) -> bytes:
    """Set the length of a sequence's item or of a fragment."""
    items = [match.end() for match in re.finditer(rb"\xfe\xff[\x00\x0d\xdd]\xe0", data)]
    if not items:
        return data
    place = random.choice(items)
    return data[:place] + struct.pack("<I", random.choice(LENGTHS)) + data[place + 4 :]


def change_a_number(random: Random, data: bytes) -> bytes:
    """Set one of Rows, Columns, BitsAllocated, PixelRepresentation and their like."""
    shorts = list(SHORT.finditer(data))
    if not shorts:
        return data
    place = random.choice(shorts).end()
    return data[:place] + struct.pack(random.choice("<<<>") + "H", random.choice(NUMBERS)) + data[place + 2 :]


def change_the_transfer_syntax(random: Random, data: bytes) -> bytes:
    found = SYNTAX_ELEMENT.search(data)
    if found is None:
        return data
    uid = random.choice(SYNTAXES).encode()
    uid += b"\0" * (len(uid) % 2)
    return data[: found.start(1)] + struct.pack("<H", len(uid)) + uid + data[found.end() :]


def change_a_marker(random: Random, data: bytes) -> bytes:
    """Damage what follows a marker of a codestream: its kind, its length, its first parameters."""
    markers = [match.start() for match in re.finditer(rb"\xff[\x4f-\x93\xc0-\xfe]", data)]
    if not markers:
        return data
    place = random.choice(markers) + random.randrange(1, 12)
    byte = random.choice((0, 1, 2, 3, 15, 16, 127, 128, 255, random.randrange(256)))
    return data[:place] + bytes([byte]) + data[place + 1 :]


def lie_about_the_size(random: Random, data: bytes) -> bytes:
    """Say a large size wherever one is stated, so that everything agrees."""
    rows, columns = random.choice(SIZES)
    for tag, number in ((b"\x10\x00", rows), (b"\x11\x00", columns)):
        data = re.sub(
            rb"(\x28\x00" + tag + rb"(?:US\x02\x00|\x02\x00\x00\x00))..",
            lambda match, number=number: match[1] + struct.pack("<H", number),
            data,
            flags=re.DOTALL,
        )
    data = _at(data, FRAME_HEADER, struct.pack(">HH", rows, columns))
    data = _at(data, JPEG_2000_SIZE, struct.pack(">6I", columns, rows, 0, 0, random.choice((columns, 64, 1)), rows))
    if PNG_HEADER in data[:20]:
        data = _with_checksums(data[:16] + struct.pack(">II", columns, rows) + data[24:])
    return data


def nest(random: Random, data: bytes) -> bytes:
    """Insert sequences in sequences in front of an element."""
    depth = random.choice((2, 50, 300, 3000, 30_000))
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" * random.choice((0, depth))
    return _before_an_element(random, data, (SEQUENCE + ITEM) * depth + end)


def insert_many_elements(random: Random, data: bytes) -> bytes:
    """Insert thousands of empty elements or items in front of an element."""
    count = random.choice((100, 10_000, 300_000))
    if random.random() < 0.5:
        return _before_an_element(random, data, SEQUENCE + EMPTY_ITEM * count)
    elements = (struct.pack("<I", 0x0009 | number << 16) + b"LO\0\0" for number in range(min(count, 1 << 16)))
    return _before_an_element(random, data, b"".join(elements))


def insert_a_long_value(random: Random, data: bytes) -> bytes:
    """Give a number of the header a hundred thousand values."""
    tag = random.choice((b"\x28\x00\x50\x10DS", b"\x28\x00\x30\x00DS", b"\x18\x00\x20\x16IS", b"\x08\x00\x60\x00CS"))
    value = b"1\\2\\3\\4 " * 4000
    return _before_an_element(random, data, tag + struct.pack("<H", len(value)) + value)


def inflate_a_bomb(random: Random, data: bytes) -> bytes:
    """Replace what a deflated file or a PNG inflates to by much of the same."""
    size = random.choice((1 << 16, 1 << 24, 1 << 27))
    filling = random.choice((b"\0", EMPTY_ITEM, SEQUENCE + ITEM))
    content = random.choice((b"", SEQUENCE)) + filling * (size // len(filling))
    if PNG_HEADER in data[:20]:
        packed = zlib.compress(content, 1)
        chunk = struct.pack(">I", len(packed)) + random.choice((b"IDAT", b"zTXt")) + packed + bytes(4)
        return _with_checksums(data[:33] + chunk + data[33:])
    if DEFLATED not in data[:400]:
        return data
    deflater = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    end_of_meta = 144 + int.from_bytes(data[140:144], "little")
    return data[:end_of_meta] + deflater.compress(content) + deflater.flush()


def repair_checksums(random: Random, data: bytes) -> bytes:
    """Damage a PNG where its checksums do not tell."""
    return _with_checksums(flip_bits(random, data)) if data.startswith(b"\x89PNG") else flip_bits(random, data)


def _with_checksums(data: bytes) -> bytes:
    """Return a PNG with the checksum of every chunk made right."""
    parts, offset = [data[:8]], 8
    while offset + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        chunk = data[offset + 4 : offset + 8 + length]
        parts.append(struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk)))
        offset += 12 + length
    return b"".join(parts)


def _at(data: bytes, header: re.Pattern[bytes], content: bytes) -> bytes:
    """Put ``content`` behind every ``header``."""
    for found in header.finditer(data):
        data = data[: found.end()] + content + data[found.end() + len(content) :]
    return data


def _start_of_header(data: bytes) -> int:
    return 132 if data[128:132] == b"DICM" else 0


def _before_an_element(random: Random, data: bytes, inserted: bytes) -> bytes:
    """Insert bytes where an explicit element starts, or anywhere."""
    starts = [found.start() for found in VALUE_REPRESENTATION.finditer(data) if found.start() >= 132]
    place = random.choice(starts) if starts else random.randrange(len(data))
    return data[:place] + inserted + data[place:]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flip_bits,
    flip_bits_of_the_header,
    flip_bits_of_the_header,
    flip_bits_of_the_pixels,
    overwrite,
    truncate,
    append,
    cut_out,
    repeat,
    splice,
    change_a_length,
    change_a_length,
    change_an_item_length,
    change_a_number,
    change_a_number,
    change_the_transfer_syntax,
    change_a_marker,
    change_a_marker,
    lie_about_the_size,
    nest,
    insert_many_elements,
    insert_a_long_value,
    inflate_a_bomb,
    repair_checksums,
)
