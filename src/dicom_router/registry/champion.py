"""Which version is champion, and what is known of how it came to be.

MLflow's row of an alias holds no time and no name. ``promote`` writes both beside it; a move made in MLflow's pages is
seen by whoever looks next, and recorded as observed then, by nobody known.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException

from dicom_router.errors import NoChampion, RegistryError
from dicom_router.registry.server import MODEL, connected, page

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
PASSED: Final = "gate.passed"  # tags of a version
FAILED_CHECKS: Final = "gate.failed"
HISTORY: Final = "champion.history."  # tags of the registered model, with a number that grows
NONE: Final = ""  # in the history: nobody is champion


@dataclass(frozen=True)
class Move:
    """One move of the alias."""

    version: str  # "" where it was taken away
    at: str  # UTC; of the act where it was a command, else of when it was seen
    by: str = ""
    because: str = ""
    how: str = "observed"  # or "promote"


@dataclass(frozen=True)
class Champion:
    """The version that scores."""

    version: str
    url: str
    model_version: str  # the hash of its content
    synthetic: bool
    passed: bool
    failed: tuple[str, ...]  # the checks of the gate that it failed
    description: str
    history: tuple[Move, ...]

    @property
    def warning(self) -> str | None:
        """Return what every report must say in red, or None."""
        return None if self.passed else in_red(f"Champion {self.version}", self.failed)


def read_champion() -> Champion:
    """Return the champion, and record a move of the alias that nobody has recorded yet.

    Raises:
        NoChampion: nobody has promoted a version.
        RegistryUnreachable: MLflow does not answer.
    """
    with connected() as client:
        history = observe(client)
        version = champion_version(client)
    return _champion(version, history)


def champion_version(client: MlflowClient) -> ModelVersion:
    """Return the version with the alias ``champion``, as it is now.

    Raises:
        NoChampion: there is none.
    """
    found = find_alias(client, CHAMPION)
    if found is None:
        raise NoChampion(_nobody(moves(find_model(client))))
    return found


def find_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    """Return the version with ``alias``, or None."""
    try:
        return client.get_model_version_by_alias(MODEL, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def find_model(client: MlflowClient) -> RegisteredModel | None:
    """Return the registered model, or None where nothing was registered yet."""
    try:
        return client.get_registered_model(MODEL)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def get_version(client: MlflowClient, version: str) -> ModelVersion:
    """Return a version by its number.

    Raises:
        RegistryError: there is none; the message names those that there are.
    """
    try:
        return client.get_model_version(MODEL, version)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        found = sorted((str(one.version) for one in client.search_model_versions(f"name = '{MODEL}'")), key=int)
        there = (
            f"there are {', '.join(found)}"
            if found
            else "none is registered yet: run train/cpu, or dvc repro and dicom-router record"
        )
        raise RegistryError(f"{MODEL} has no version {version!r}; {there}") from None


def moves(model: RegisteredModel | None) -> tuple[Move, ...]:
    """Return the history as recorded, oldest first.

    Raises:
        RegistryError: somebody wrote something else there.
    """
    tags = {} if model is None else model.tags
    return tuple(_move(f"{HISTORY}{number}", tags[f"{HISTORY}{number}"]) for number in _numbers(model))


def _move(name: str, text: str) -> Move:
    try:
        return Move(**json.loads(text))
    except (ValueError, TypeError):
        raise RegistryError(
            f"the tag {name} of the registered model is no move of the champion: mend or delete it at"
            f" {page('models', MODEL)}"
        ) from None


def observe(client: MlflowClient) -> tuple[Move, ...]:
    """Return the history, with the present champion at its end: a move that was not recorded is now, as observed."""
    model, version = find_model(client), find_alias(client, CHAMPION)
    history, present = moves(model), NONE if version is None else str(version.version)
    before = history[-1].version if history else NONE
    if model is None or present == before:
        return history
    return (*history, note(client, Move(present, now())))


def note(client: MlflowClient, move: Move) -> Move:
    """Write ``move`` at the end of the history: after the highest number, since one before may be gone."""
    last = max(_numbers(find_model(client)), default=0)
    client.set_registered_model_tag(MODEL, f"{HISTORY}{last + 1}", json.dumps(asdict(move), ensure_ascii=False))
    return move


def _numbers(model: RegisteredModel | None) -> list[int]:
    """Return the numbers that the history has, some of which somebody may have deleted."""
    tags = {} if model is None else model.tags
    numbers = (name.removeprefix(HISTORY) for name in tags if name.startswith(HISTORY))
    return sorted(int(number) for number in numbers if number.isdecimal())


def now() -> str:
    """Return the time as the history writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def passed(tags: Mapping[str, str]) -> bool:
    """Say whether a version with these ``tags`` passed its gate; one that was never judged did not."""
    return tags.get(PASSED) == "true"


def failed_checks(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the checks of the gate that a version with these ``tags`` failed."""
    return tuple(filter(None, tags.get(FAILED_CHECKS, "").split(",")))


def in_red(who: str, failed: Sequence[str]) -> str:
    """Return what reports say in red of a version that scores and did not pass its gate."""
    checks = ", ".join(failed) or "it was never judged"
    return f"{who} did not pass its gate ({checks}); it was promoted all the same."


def _champion(version: ModelVersion, history: tuple[Move, ...]) -> Champion:
    tags = version.tags
    return Champion(
        version=str(version.version),
        url=page("models", MODEL, "versions", str(version.version)),
        model_version=tags.get("model.version", ""),
        synthetic=tags.get("synthetic") == "true",
        passed=passed(tags),
        failed=failed_checks(tags),
        description=version.description or "",
        history=history,
    )


def _nobody(history: tuple[Move, ...]) -> str:
    past = [move.version for move in history if move.version]
    before = f"version {past[-1]} was; it was deleted, or its alias removed" if past else "nobody has promoted one"
    return (
        f"no version of {MODEL} is champion: {before}. Open {page('models', MODEL)}, read "
        f"a version's description and give it the alias `{CHAMPION}`, or run `dicom-router promote VERSION --because …`"
    )
