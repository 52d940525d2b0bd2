"""Where films of the log lie in the inbox: names that stand in ``private/`` alone, for whoever has to find a film."""

import csv
import io
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dicom_router.dataset.importing.ledger import make_private
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.attributes import text
from dicom_router.dicom.parsing import parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.source import file_format
from dicom_router.errors import UnreadableImage
from dicom_router.finding import INSIDE, find
from dicom_router.monitoring.drift.reviewed import LABEL
from dicom_router.monitoring.inbox import arrivals
from dicom_router.monitoring.scoring import content_of, digest_of
from dicom_router.storage import write_atomically
from dicom_router.walking import as_text

OWNER: Final = 0o600
PATH, INSTANCE = "path", "SOPInstanceUID"


@dataclass(frozen=True)
class Original:
    """A film as its hospital knows it."""

    image: str
    path: str = field(repr=False)  # below the site's folder, as a table for the import has it
    instance: str = field(repr=False)  # "" where it has none


def originals(inbox: Path, site: str, images: Container[str], pseudonyms: Pseudonyms) -> Iterator[Original]:
    """Yield the films of ``site`` among ``images`` that still lie in the inbox; every file there is read."""
    folder, seen = inbox / site, set[str]()
    for arrival in arrivals(inbox, site):
        for found in [arrival.found] if arrival.found.reason else find([arrival.found.path]):
            try:
                content = content_of(found)
            except UnreadableImage:
                continue  # it has no answer, and nobody is asked about it
            image = pseudonyms.image(digest_of(content))
            if image in images and image not in seen:
                seen.add(image)
                yield Original(image, as_text(found.path.relative_to(folder)).replace(INSIDE, "/"), _instance(content))


def write_table(path: Path, films: Iterable[Original], labels: Mapping[str, str]) -> int:
    """Write ``path``, SOPInstanceUID and ``label`` ("" unless ``labels`` has one) for its owner; return the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow((PATH, INSTANCE, LABEL))
    rows = sorted((film.path, film.instance, labels.get(film.image, "")) for film in films)
    writer.writerows(rows)
    make_private(path.parent)
    write_atomically(path, buffer.getvalue().encode("utf-8"), mode=OWNER)
    return len(rows)


def _instance(content: bytes) -> str:
    if file_format(content) != "dicom":
        return ""
    try:
        with quiet():
            return text(parse(content).ds, "SOPInstanceUID")
    except UnreadableImage:
        return ""
