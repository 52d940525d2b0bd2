"""What an archive may unpack to: far more than an honest one does; a bomb is stopped before it costs much."""

from dataclasses import dataclass
from typing import Final

from dicom_router.errors import UnreadableImage
from dicom_router.reasons import Reason


@dataclass(frozen=True)
class Limits:
    """Bytes and counts; ``ratio`` is unpacked over packed bytes, and counts beyond ``free`` unpacked ones.

    An entry is held in memory whole, and so is a ZIP's directory (some 0.6 kB an entry): hence the first two.
    """

    entry: int = 256 << 20  # 100 million pixels of 16 bits
    directory: int = 64 << 20  # about 600,000 entries
    entries: int = 2_000_000
    total: int = 16 << 40  # a million films of 16 MB
    ratio: int = 200  # films of 16 bits: 2 to 20
    free: int = 64 << 20
    extension: int = 1 << 20  # a tar's long names and attributes
    dictionary: int = 256 << 20  # memory of the xz decoder; xz -9 asks for 65 MiB


LIMITS: Final = Limits()


def bomb(detail: str) -> UnreadableImage:
    """Return the error of an archive, or an entry, that unpacks to more than it may."""
    return UnreadableImage(Reason.ARCHIVE_BOMB, detail)


class Meter:
    """Counts what an archive has unpacked to, against ``limits``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._entries = 0
        self._unpacked = 0

    def entry(self) -> None:
        """Count an entry.

        Raises:
            UnreadableImage: there are too many.
        """
        self._entries += 1
        if self._entries > self.limits.entries:
            raise bomb(f"more than {self.limits.entries:,} entries; the rest is not read")

    def unpacked(self, size: int, packed: int) -> None:
        """Count ``size`` more bytes, ``packed`` being all that the archive was read of so far.

        Raises:
            UnreadableImage: they are too many, by number or by ratio.
        """
        self._unpacked += size
        if self._unpacked > self.limits.total:
            raise bomb(f"more than {self.limits.total:,} bytes unpacked; the rest is not read")
        if exceeds(self._unpacked, packed, self.limits):
            raise bomb(f"unpacks to more than {self.limits.ratio} times its size; the rest is not read")


def exceeds(unpacked: int, packed: int, limits: Limits) -> bool:
    """Tell whether the ratio is beyond the limit."""
    return unpacked > limits.free and unpacked > limits.ratio * packed


def check_entry(size: int, limits: Limits) -> None:
    """Accept an entry of ``size`` bytes.

    Raises:
        UnreadableImage: it is larger than a film.
    """
    if size > limits.entry:
        raise bomb(f"an entry of {size:,} bytes; a film in an archive has at most {limits.entry:,}")
