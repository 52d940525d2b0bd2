"""Who answers the champion's films in silence: the registry's challenger of this moment, and why nobody does."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.cells import Lost, map_in_cells
from dicom_router.errors import ModelError, RegistryError
from dicom_router.model.answers import Facts
from dicom_router.model.in_cells import Loading
from dicom_router.model.locating import REGISTRY
from dicom_router.monitoring.answering import Asked, rehearse
from dicom_router.monitoring.outcomes import Cells

REFERENCE: Final = f"{REGISTRY}dicom-router@challenger"
NOBODY: Final = ""  # in place of a reference: no challenger is looked for


@dataclass(frozen=True)
class Sought:
    """What a search for the challenger came to: nobody and no warning where there is none, which is usual."""

    asked: Asked | None = None
    number: str = ""  # of its version, "" of a folder
    warning: str = ""  # why there is none, though there should be

    @property
    def version(self) -> str | None:
        """Return the hash of the model."""
        return None if self.asked is None else self.asked.version

    @property
    def name(self) -> str | None:
        """Return how it is called."""
        return None if self.asked is None else called(self.number, self.asked.version)


def called(number: str, version: str) -> str:
    """Return ``version 3 (8d1c5ea6055097a2)``, or the hash of a model from a folder."""
    return f"version {number} ({version})" if number else version


def find_challenger(reference: str, champion: str, allow_synthetic: bool, cells: Cells) -> Sought:
    """Return the model that ``reference`` names now, which must load and answer; ``champion`` is no challenger.

    Nothing that is wrong with it raises: the champion scores without.
    """
    try:
        located = _located(reference)
        version = "" if located is None else Facts.read(located[0]).version
        if located is None or version == champion:
            return Sought()
        asked = Asked(Loading(located[0], allow_synthetic), version)
        _rehearse(asked, cells)
        return Sought(asked, located[1])
    except (RegistryError, ModelError) as error:
        return Sought(warning=f"No challenger scored along: {error}.")


def _located(reference: str) -> tuple[Path, str] | None:
    """Return the challenger's folder and the number of its version."""
    if reference == NOBODY:
        return None
    if not reference.startswith(REGISTRY):
        return Path(reference), ""
    from dicom_router.registry import fetching  # MLflow takes seconds, and a folder does without

    folder = fetching.look_up_challenger()
    return None if folder is None else (folder, fetching.number_of(folder))


def _rehearse(asked: Asked, cells: Cells) -> None:
    """Let it answer a black film, in a process of its own where films are scored in such.

    Raises:
        ModelError: it cannot, or takes the process with it.
    """
    if not cells.jobs:
        rehearse(asked)
        return
    try:
        with closing(map_in_cells(rehearse, _once(asked), workers=1, timeout=cells.timeout)) as outcomes:
            outcome = next(outcomes)
    except (RuntimeError, TimeoutError) as error:
        raise ModelError(f"model {asked.version} cannot be run: {error}") from None
    if isinstance(outcome, Lost):
        raise ModelError(f"model {asked.version} cannot be run: {outcome.detail}")


def _once(asked: Asked) -> Iterator[Asked]:
    yield asked
