"""A run of the pipeline by hand: whether what lies here is what data, code and parameters give, and of which commit."""

import json
from pathlib import Path

from dicom_router.dataset.programs import changes, output
from dicom_router.errors import DataError
from dicom_router.registry.provenance import Provenance


def provenance_by_hand(project: Path) -> Provenance:
    """Return the provenance of what ``dvc repro`` made in ``project``.

    Raises:
        DataError: a stage, its inputs or its outputs changed since; or Git or DVC fails.
    """
    changed = changed_stages(project)
    if changed:
        raise DataError(
            f"changed since the pipeline ran: {', '.join(changed)}; what lies here is not what params.yaml, data and"
            " code give. Run `dvc repro`, then record; `dvc status` says what changed"
        )
    commit = output(project, "git", "rev-parse", "HEAD")
    return Provenance(commit, bool(changes(project)), None, None)


def changed_stages(project: Path) -> tuple[str, ...]:
    """Return the stages, and the files of ``dvc add``, that are not as DVC last left them."""
    return tuple(sorted(json.loads(output(project, "dvc", "status", "--json"))))
