"""The gate: which version may be called challenger. It proposes; a person promotes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from mlflow import MlflowClient
from mlflow.artifacts import load_text
from mlflow.entities.model_registry import ModelVersion

from dicom_router.errors import ModelError, RegistryError, RegistryUnreachable
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.reading import read_json
from dicom_router.params import Params, load_params
from dicom_router.registry import known_films
from dicom_router.registry.champion import CHALLENGER, CHAMPION, FAILED_CHECKS, PASSED, find_alias, get_version, passed
from dicom_router.registry.checks import Check, check_champion, not_compared, own_checks
from dicom_router.registry.comparing import compare
from dicom_router.registry.description import describe
from dicom_router.registry.fetching import fetch
from dicom_router.registry.known_films import KnownFilms
from dicom_router.registry.registering import Registered
from dicom_router.registry.server import MODEL, connected

ASKED: Final = "gate.asked"  # tags of a version
LINES: Final = "gate.lines"
T = TypeVar("T")
MARKS: Final = {True: "passed", False: "FAILED"}


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a version: a line for each check."""

    passed: bool
    lines: tuple[str, ...]

    def of(self, version: str) -> str:
        """Return it in words, as that of ``version``."""
        passed = "challenger" if self.passed else "no challenger: it failed the gate"
        return "\n".join([f"version {version} is {passed}", *self.lines])


def judge(project: Path, registered: Registered) -> Verdict:
    """Judge the version that was ``registered`` from ``project``; write tags and description, set ``challenger``.

    A version that fails stays registered and says why. ``challenger`` never goes back to an older version. A version
    that was judged by the same thresholds keeps its verdict, whoever became champion since.

    Raises:
        DataError: a report is missing.
        RegistryUnreachable: MLflow does not answer; call again.
    """
    params = load_params(project / "params.yaml")
    test, external = (read_json(project / "reports" / f"{cohort}.json") for cohort in ("test", "external"))
    with connected() as client:
        kept = _kept(get_version(client, registered.version), find_alias(client, CHAMPION), params)
        if kept is not None:
            _call(client, registered.version, kept)
            return kept
        beside = _beside_champion(client, project, registered.version, params)
        checks = (*own_checks(test, external, params.gate), beside)
        verdict = Verdict(
            passed=all(check.passed for check in checks),
            lines=tuple(f"{MARKS[check.passed]}: {check.line}" for check in checks),
        )
        client.update_model_version(MODEL, registered.version, describe(project, in_markdown(verdict)))
        _write(client, registered.version, checks, verdict, params)
        _call(client, registered.version, verdict)
    return verdict


def in_markdown(verdict: Verdict) -> str:
    """Return the verdict as the first lines of a version's description."""
    title = "**The gate: passed.**" if verdict.passed else "**The gate: FAILED. Do not promote this version.**"
    return "\n".join([title, "", *(f"- {line}" for line in verdict.lines)])


def _beside_champion(client: MlflowClient, project: Path, version: str, params: Params) -> Check:
    """Compare with the champion, if there is one and it is another."""
    champion = find_alias(client, CHAMPION)
    if champion is None:
        return not_compared(True, "there is no champion to compare with")
    if str(champion.version) == version:
        return not_compared(True, "this version is the champion itself")
    name = str(champion.version)
    try:
        folder, known = fetch(f"models:/{MODEL}/{name}"), _known(champion)
        found = compare(project, folder, known, Bootstrap.from_params(params.evaluate))
    except RegistryUnreachable:
        raise
    except RegistryError as error:
        return not_compared(False, f"champion {name} cannot be fetched, so not be compared with: {error}")
    except ModelError as error:
        return not_compared(False, f"champion {name} cannot be run by this release, so not be compared with: {error}")
    check = check_champion(name, found.change, found.images, params.gate)
    left_out = f"; left out: {found.known:,} that it learnt from, {found.unread:,} that it cannot read"
    return Check(check.name, check.passed, check.line + left_out, check.figures)


def _known(version: ModelVersion) -> KnownFilms:
    with connected():
        return KnownFilms.read(load_text(f"runs:/{version.run_id}/{known_films.FILE}"))


def _kept(version: ModelVersion, champion: ModelVersion | None, params: Params) -> Verdict | None:
    """Return the verdict that ``version`` has under these thresholds.

    None where it has none, or one that wants the comparison with a champion that could not be had then.
    """
    tags = version.tags
    if tags.get(ASKED) != params.gate.model_dump_json():
        return None
    beside: dict[str, Any] = _read(tags.get("gate.champion", ""), dict)
    is_champion = champion is not None and str(champion.version) == str(version.version)
    if not (beside.get("passed") or "version" in beside or is_champion):
        return None
    return Verdict(passed(tags), tuple(map(str, _read(tags.get(LINES, ""), list))))


def _read(text: str, kind: type[T]) -> T:
    """Return what was written into a tag as JSON; nothing of its kind where somebody changed that."""
    try:
        found = json.loads(text)
    except ValueError:
        return kind()
    return found if isinstance(found, kind) else kind()


def _write(client: MlflowClient, version: str, checks: tuple[Check, ...], verdict: Verdict, params: Params) -> None:
    """Write verdict, numbers and, when all is written, what was asked for as tags."""
    failed = [check.name for check in checks if not check.passed]
    tags = {
        PASSED: str(not failed).lower(),
        FAILED_CHECKS: ",".join(failed),
        LINES: json.dumps(verdict.lines, ensure_ascii=False),
    }
    for check in checks:
        numbers = {"passed": check.passed, **check.figures}
        tags[f"gate.{check.name}"] = json.dumps(numbers)
    tags[ASKED] = params.gate.model_dump_json()
    for name, value in tags.items():
        client.set_model_version_tag(MODEL, version, name, value)


def _call(client: MlflowClient, version: str, verdict: Verdict) -> None:
    """Give the alias to a version that passed and is the newest such; take it from one that no longer passes."""
    present = find_alias(client, CHALLENGER)
    holder = 0 if present is None else int(present.version)
    if verdict.passed and int(version) >= holder:
        client.set_registered_model_alias(MODEL, CHALLENGER, version)
    elif not verdict.passed and int(version) == holder:
        client.delete_registered_model_alias(MODEL, CHALLENGER)
