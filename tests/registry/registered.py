"""What tests do to get a version."""

from pathlib import Path

from dicom_router.registry.gate import Verdict, judge
from dicom_router.registry.recording import Provenance, Recorded, record
from dicom_router.registry.registering import Registered, register

COMMIT = "a" * 40
BY_FLOW = Provenance(COMMIT, False, "flow-1", "http://127.0.0.1:4200/runs/flow-run/flow-1")


def record_and_register(project: Path, provenance: Provenance = BY_FLOW) -> tuple[Recorded, Registered]:
    recorded = record(project, provenance)
    return recorded, register(project, recorded)


def judged(project: Path) -> tuple[str, Verdict]:
    """Record, register and judge; return the version's number and the verdict."""
    _, registered = record_and_register(project)
    return registered.version, judge(project, registered)
