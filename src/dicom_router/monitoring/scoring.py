"""One delivered film to a row of the log, in a process that may die: read, classified, described, pseudonymised.

What comes back names nobody: neither the path nor an original identifier leaves the process.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dicom.source import load
from dicom_router.errors import ModelError, UnreadableImage
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result
from dicom_router.model.in_cells import Loading
from dicom_router.model.inference import Classifier
from dicom_router.model.network import Network, Pixels
from dicom_router.monitoring.facts import UNKNOWN, Person, read_facts
from dicom_router.monitoring.inbox import Stamp, stamp_of
from dicom_router.monitoring.quality import Quality, quality
from dicom_router.monitoring.thumbnails import is_shown, thumbnail
from dicom_router.reasons import Reason
from dicom_router.walking import Found

NO_QUALITY: Final = dict.fromkeys(Quality.__dataclass_fields__)
NO_PROBABILITIES: Final = (None,) * len(CLASSES)
AGAIN: Final = frozenset({Reason.UNREADABLE, Reason.MISSING_FILE})  # another day the system may say otherwise
LARGEST: Final = float(np.finfo(np.float16).max)


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
    """What all items of a run have in common: the model, of this version, and by site the pseudonyms."""

    loading: Loading
    version: str
    pseudonyms: Mapping[str, Pseudonyms] = field(repr=False)


@dataclass(frozen=True)
class Scored:
    """What became of a film: the columns of its row but for model and times; none where it ``changed`` meanwhile."""

    row: Mapping[str, Any]
    changed: bool = False


@dataclass(frozen=True)
class Witness(Network):
    """A network that keeps what it ran last, pixels and features: a ``Result`` holds neither."""

    last: list[tuple[Pixels, NDArray[np.float32]]] = field(default_factory=list)

    def run(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits and features, as ``Network`` does."""
        logits, features = super().run(pixels)
        self.last[:] = [(pixels, features)]
        return logits, features


def score(item: Item, common: Common) -> Scored | None:
    """Score one film in this process, a cell; None for the end of an archive.

    Raises:
        ModelError: the model in the folder became another one, or must not be used on this film.
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
    classifier, witness = loaded(common.loading)
    if classifier.version != common.version:
        raise ModelError(f"the model became version {classifier.version} while films were scored by {common.version}")
    (result,) = classifier.classify([Found(item.found.path, data=content)])
    described, features, small = NO_QUALITY, None, None
    if result.label is not None and header is not None:
        ((pixels, seen),) = witness.last
        described = asdict(quality(pixels[0], header, witness.preprocessing))
        features = compact(seen[0])
        small = thumbnail(pixels[0]) if is_shown(result) else None
    image = {"image": pseudonyms.image(digest), "site": item.site, "features": features, "png": small}
    return Scored({**image, **asdict(person), **facts, **described, **answer(result)})


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
    return {**named, **asdict(person), **UNKNOWN, **NO_QUALITY, **answer(Result(Path(), reason=reason))}


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


def answer(result: Result) -> dict[str, Any]:
    """Return the columns that say what a film shows, or why nobody knows."""
    decision = result.decision
    return {
        "label": result.label or "",
        **dict(zip((f"p_{name}" for name in CLASSES), result.probabilities or NO_PROBABILITIES, strict=True)),
        "decision": "" if decision is None else decision.action,
        "reasons": "" if decision is None else " ".join(decision.reasons),
        "outlier_score": _finite(result.outlier_score),
        "header_disagrees": result.disagrees,
        "reason": "" if result.reason is None else str(result.reason),
    }


def compact(features: NDArray[np.float32]) -> bytes:
    """Return features ``(F,)`` as float16, little-endian, the largest cut off."""
    return np.clip(features, -LARGEST, LARGEST).astype("<f2").tobytes()


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


@lru_cache(maxsize=1)
def loaded(loading: Loading) -> tuple[Classifier, Witness]:
    """Load the model, once a process."""
    classifier = Classifier.load(**asdict(loading))
    witness = Witness(classifier.network.specification, classifier.network.session)
    return replace(classifier, network=witness), witness
