"""Who ran the pipeline, on what: what a run says about itself beside its figures."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "dicom-router",
    "dvc",
    "imagecodecs",
    "lightning",
    "mlflow",
    "numpy",
    "onnxruntime",
    "prefect",
    "pydicom",
    "timm",
    "torch",
)


@dataclass(frozen=True)
class Provenance:
    """Which code ran, and which flow ran it."""

    commit: str
    dirty: bool
    flow_run_id: str | None
    flow_run_url: str | None

    def tags(self) -> dict[str, str]:
        """Return the tags of a run."""
        tags = {
            "git.commit": self.commit,
            "git.dirty": str(self.dirty).lower(),
            "mlflow.source.git.commit": self.commit,  # what MLflow's own pages show
            "prefect.flow_run_id": self.flow_run_id,
            "prefect.flow_run_url": self.flow_run_url,
        }
        return {name: value for name, value in tags.items() if value}


def versions() -> dict[str, str]:
    """Return the tags ``version.*`` of Python and of the packages that are installed."""
    found = {"version.python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[f"version.{package}"] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, str]:
    """Return the tags ``hardware.*`` of this machine; no name of it."""
    gpu = _gpus()
    return {
        "hardware.cpu": _cpu(),
        "hardware.cores": str(os.cpu_count()),
        "hardware.memory_gib": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f}",
        **({"hardware.gpu": gpu} if gpu else {}),
    }


def _cpu() -> str:
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpus() -> str:
    """Return the names of NVIDIA's GPUs; torch could say too, but takes seconds to import."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):  # a driver that hangs costs the name, not the record
        return ""
    return ", ".join(done.stdout.split("\n")).strip(", ") if done.returncode == 0 else ""
