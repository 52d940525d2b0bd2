"""What an erasure has set out to do, kept until it is done: a killed one is finished by running it again."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dicom_router.dataset.forgetting.targets import Target
from dicom_router.errors import DataError
from dicom_router.storage import write_json

JOURNAL: Final = Path("work/forget/journal.json")  # git and DVC ignore work/; it holds pseudonyms


@dataclass(frozen=True)
class Journal:
    """A target, and what is only known before the first step: its films on each side of the split, its twins."""

    patient: str
    paths: tuple[str, ...]
    understood: str
    sides: Mapping[str, int]
    twins: tuple[str, ...]  # films that stay and show the same, or nearly

    @property
    def target(self) -> Target:
        """Return the target."""
        return Target(self.patient, self.paths, self.understood)


def read_journal(root: Path) -> Journal | None:
    """Return what an interrupted erasure left, None where there was none.

    Raises:
        DataError: the journal is damaged.
    """
    path = root / JOURNAL
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Journal(**{**content, "paths": tuple(content["paths"]), "twins": tuple(content["twins"])})
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path} is damaged: delete it, and start the erasure anew") from None


def write_journal(root: Path, journal: Journal) -> None:
    """Keep ``journal`` until ``close_journal``."""
    write_json(root / JOURNAL, asdict(journal))


def close_journal(root: Path) -> None:
    """Forget the journal too: everything in it is done."""
    (root / JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(root / JOURNAL.parent)
