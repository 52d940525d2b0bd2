"""Which model scores: the registry's champion of this moment, or the last one known here while no registry answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicom_router.errors import RegistryUnreachable
from dicom_router.model.locating import REGISTRY, look_up

REFERENCE: Final = f"{REGISTRY}dicom-router@champion"


@dataclass(frozen=True)
class Champion:
    """The folder of the model that scores, and what every account of its answers must say."""

    folder: Path
    warnings: tuple[str, ...] = ()


def find_champion(reference: str = REFERENCE) -> Champion:
    """Return the model that ``reference`` names now; a move of the alias that nobody has recorded is recorded.

    Raises:
        NoChampion: nobody has promoted a version.
        RegistryUnreachable: MLflow does not answer, and no champion was known here before.
        RouterError: there is no such model.
    """
    if not reference.startswith(REGISTRY):
        return Champion(Path(reference))
    from dicom_router.registry import fetching  # MLflow takes seconds, and a folder does without
    from dicom_router.registry.champion import read_champion

    try:
        if reference == REFERENCE:
            read_champion()  # which records a move
        located = look_up(reference)
        return Champion(located.folder, _said(located.warning))
    except RegistryUnreachable as error:
        located = fetching.look_up(reference, allow_cached=True)
        outage = f"{error}. Scored by the last version known here, {fetching.number_of(located.folder)}."
        return Champion(located.folder, (outage, *_said(located.warning)))


def _said(warning: str | None) -> tuple[str, ...]:
    return () if warning is None else (warning,)
