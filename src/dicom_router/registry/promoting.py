"""Promotion: a person's act, with a reason."""

from mlflow import MlflowClient

from dicom_router.errors import RegistryError
from dicom_router.registry.champion import (
    CHAMPION,
    FAILED_CHECKS,
    PASSED,
    Move,
    get_version,
    note,
    now,
    observe,
    passed,
)
from dicom_router.registry.server import MODEL, connected


def promote(version: str, because: str, by: str, despite_gate: bool = False) -> str:
    """Make ``version`` champion; return the version that was, "" where there was none.

    Time, name and reason are kept with the version and in the history. Going back is promoting the earlier version.

    Raises:
        RegistryError: there is no such version, it is champion, it did not pass its gate, or there is no reason.
        RegistryUnreachable: MLflow does not answer.
    """
    if not because.strip():
        raise RegistryError('say why: --because "…"; it is what others will read beside the version')
    with connected() as client:
        _require_passed(client, version, despite_gate)
        history = observe(client)
        before = history[-1].version if history else ""
        if before == version:
            raise RegistryError(f"version {version} is champion already")
        move = Move(version, now(), by, because.strip(), "promote")
        for name, value in (("at", move.at), ("by", by), ("because", move.because)):
            client.set_model_version_tag(MODEL, version, f"promoted.{name}", value)
        client.set_registered_model_alias(MODEL, CHAMPION, version)
        note(client, move)
    return before


def _require_passed(client: MlflowClient, version: str, despite_gate: bool) -> None:
    """Refuse a version that did not pass its gate, unless that is wanted."""
    tags = get_version(client, version).tags
    if passed(tags) or despite_gate:
        return
    what = f"did not pass its gate: {tags.get(FAILED_CHECKS)}" if PASSED in tags else "was never judged by the gate"
    raise RegistryError(
        f"version {version} {what}. Its description says why. To promote it all the same, add --despite-gate: every"
        " report will show it in red"
    )
