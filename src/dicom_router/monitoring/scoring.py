"""One delivered film to a row of the log, in a process that may die: read, classified, described, pseudonymised.

What comes back names nobody: neither the path nor an original identifier leaves the process.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.film import Header
from dicom_router.dicom.source import load
from dicom_router.errors import ModelError, UnreadableImage
from dicom_router.model.answers import Result
from dicom_router.monitoring.answering import Answer, Asked, ask, columns_of, loaded
from dicom_router.monitoring.facts import UNKNOWN, Person, read_facts
from dicom_router.monitoring.inbox import Stamp, stamp_of
from dicom_router.monitoring.quality import Quality, quality
from dicom_router.reasons import Reason
from dicom_router.walking import Found

NO_QUALITY: Final = dict.fromkeys(Quality.__dataclass_fields__)
AGAIN: Final = frozenset({Reason.UNREADABLE, Reason.MISSING_FILE})  # another day the system may say otherwise


@dataclass(frozen=True)
class Item:
    """A film that was delivered: the file at ``found``, or an entry of the archive ``stamp`` is of.

    ``nameless`` names it where there are no bytes to name it by. Without ``found`` it marks the end of an archive.
    """

    site: str
    stamp: Stamp
    found: Found | None
    nameless: str = ""


@dataclass(frozen=True)
class Common:
    """What all items of a run have in common: the models, and by site the pseudonyms."""

    champion: Asked
    challenger: Asked | None
    pseudonyms: Mapping[str, Pseudonyms] = field(repr=False)

    @property
    def alone(self) -> "Common":
        """Return the same without a challenger."""
        return replace(self, challenger=None)

    def load(self) -> None:
        """Load the champion in this process, so that no film's seconds go into it.

        The challenger is loaded for its first film: what is wrong with it then concerns that film alone.
        """
        loaded(self.champion.loading)


@dataclass(frozen=True)
class Scored:
    """What became of a film: the columns of its row but for model and times; none where it ``changed`` meanwhile.

    ``shadow`` is the challenger's row, None where it was not asked or ``silent``: then this says why.
    """

    row: Mapping[str, Any]
    changed: bool = False
    shadow: Mapping[str, Any] | None = None
    silent: str = ""


def score(item: Item, common: Common) -> Scored | None:
    """Score one film in this process, a cell; None for the end of an archive.

    The challenger is asked about what the champion answered, and whatever becomes of it costs the champion nothing.

    Raises:
        ModelError: the champion in the folder became another one, or must not be used on this film.
    """
    if item.found is None:
        return None
    try:
        content = content_of(item.found)
    except UnreadableImage as error:
        return unread(item, error.reason)
    if item.found.data is None and stamp_of(item.found.path) != item.stamp:
        return Scored({}, changed=True)
    digest, pseudonyms = digest_of(content), common.pseudonyms[item.site]
    person, facts, header = read_facts(content, digest, pseudonyms)
    same = {"image": pseudonyms.image(digest), "site": item.site, **asdict(person), **facts}
    answer = ask(common.champion, content)
    scored = Scored({**same, **_described(answer, header), **answer.columns})
    if common.challenger is None or answer.result.label is None:
        return scored
    try:
        other = ask(common.challenger, content, answer)
    except ModelError as error:
        return replace(scored, silent=str(error))
    return replace(scored, shadow={**same, **_described(other, header), **other.columns})


def _described(answer: Answer, header: Header | None) -> Mapping[str, Any]:
    """Return the image quality of what the network saw."""
    if answer.film is None or header is None:
        return NO_QUALITY
    return asdict(quality(answer.film.pixels, header, answer.taken))


def unread(item: Item, reason: Reason) -> Scored:
    """Return the row of a film without bytes to name it by."""
    return Scored(_without_answer(item, item.nameless, Person(), reason))


def lost(item: Item, reason: Reason, pseudonyms: Pseudonyms) -> Scored:
    """Return the row of a film that took the process with it: of its bytes nothing is known but what they hash to."""
    assert item.found is not None
    try:
        digest = digest_of(content_of(item.found))
    except UnreadableImage as error:
        return unread(item, error.reason)
    return Scored(_without_answer(item, pseudonyms.image(digest), Person(study=pseudonyms.study(digest)), reason))


def _without_answer(item: Item, image: str, person: Person, reason: Reason) -> dict[str, Any]:
    named = {"image": image, "site": item.site, "features": None, "png": None}
    return {**named, **asdict(person), **UNKNOWN, **NO_QUALITY, **columns_of(Result(Path(), reason=reason))}


def content_of(found: Found) -> bytes:
    """Return the bytes of a film.

    Raises:
        UnreadableImage: there are none, or they cannot be read.
    """
    if found.reason is not None:
        raise UnreadableImage(found.reason, found.detail)
    if found.data == b"":
        raise UnreadableImage(Reason.EMPTY)
    return load(found.path) if found.data is None else found.data


def digest_of(content: bytes) -> str:
    """Return the sha256 of the bytes of a film, of which its pseudonym is made."""
    return hashlib.sha256(content).hexdigest()
