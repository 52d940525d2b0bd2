"""Which of the films that were read are new. One film has one label: where two are given, none is believed."""

from collections.abc import Mapping

from dicom_router.dataset.importing.taking import Film, Refusal
from dicom_router.reasons import Reason


class Sorting:
    """Sort films by image, against those of earlier imports and against each other.

    A film that is there with its label stays as it is. One that comes with another label than before is
    refused, and the earlier one stays. Two of the same import that disagree are both refused.
    """

    def __init__(self, labels_before: Mapping[str, str]) -> None:
        self._labels_before = labels_before
        self._copies: dict[str, list[Film]] = {}
        self._already_there = 0

    def add(self, film: Film) -> list[Refusal]:
        """Take in a film; return the refusals that follow at once."""
        if film.image in self._labels_before:
            return self._against_earlier_import(film, self._labels_before[film.image])
        self._copies.setdefault(film.image, []).append(film)
        return []

    def new(self) -> list[Film]:
        """Return the films that are new, of several copies the first, in the order they came."""
        return [copies[0] for copies in self._copies.values() if _agree(copies)]

    def contested(self) -> list[Film]:
        """Return all copies of the films of this import that came with different labels."""
        return [film for copies in self._copies.values() if not _agree(copies) for film in copies]

    def already_there(self) -> int:
        """Count films that were there before, or came a second time."""
        return self._already_there + sum(len(copies) - 1 for copies in self._copies.values() if _agree(copies))

    def _against_earlier_import(self, film: Film, label: str) -> list[Refusal]:
        if film.label == label:
            self._already_there += 1
            return []
        detail = f"{film.label} here, but {label} in labels.csv since an earlier import; correct one of them"
        return [Refusal(film.source, Reason.LABEL_CONFLICT, detail)]


def conflicts(contested: list[Film]) -> list[Refusal]:
    """Return the refusals of films that came with different labels."""
    labels: dict[str, set[str]] = {}
    for film in contested:
        labels.setdefault(film.image, set()).add(film.label)
    return [
        Refusal(film.source, Reason.LABEL_CONFLICT, f"the same film came as {' and '.join(sorted(labels[film.image]))}")
        for film in contested
    ]


def _agree(copies: list[Film]) -> bool:
    return len({film.label for film in copies}) == 1
