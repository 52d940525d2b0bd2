"""``dvc.lock`` as it is kept with a run: a hash for each stage, and of the data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dicom_router.errors import DataError

FILE: Final = "dvc.lock"
DATA: Final = "data"
UNKNOWN: Final = "unknown"  # of data that no stage names


@dataclass(frozen=True)
class Lock:
    """What a run of the pipeline took and gave."""

    stages: Mapping[str, str]  # name to the md5 of its entry: command, dependencies, parameters, outputs
    outputs: Mapping[str, str]  # path to DVC's hash
    data: str  # DVC's hash of the folder data

    @classmethod
    def read(cls, project: Path) -> Self:
        """Read ``dvc.lock`` of ``project``.

        Raises:
            DataError: the pipeline has not run there, or the file is damaged.
        """
        path = project / FILE
        try:
            stages = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["stages"]
            return cls(
                stages={name: _hash(entry) for name, entry in stages.items()},
                outputs={out["path"]: out["md5"] for entry in stages.values() for out in entry.get("outs", [])},
                data=next((dep["md5"] for dep in _dependencies(stages) if dep["path"] == DATA), UNKNOWN),
            )
        except FileNotFoundError:
            raise DataError(f"{path} is missing: run the pipeline first, with `dvc repro`") from None
        except (YAMLError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged ({error}): restore it with `git checkout -- {FILE}`") from None

    @property
    def digest(self) -> str:
        """Return one hash, 32 hex digits, of all stages."""
        return _hash(dict(sorted(self.stages.items())))


def _dependencies(stages: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [dep for entry in stages.values() for dep in entry.get("deps", [])]


def _hash(entry: object) -> str:
    """Return the md5 that DVC itself would not take for a file's: of sorted, compact JSON."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
