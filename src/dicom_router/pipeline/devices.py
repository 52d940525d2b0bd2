"""Where stages may compute: asked of PyTorch, in a process of its own that may take its seconds to import it."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Final, Literal

from dicom_router.errors import RunError

Accelerator = Literal["cpu", "gpu"]
HIDE_GPUS: Final = {"CUDA_VISIBLE_DEVICES": ""}
ASK: Final = "import sys, torch; sys.exit(not torch.accelerator.is_available())"


def variables(accelerator: Accelerator, *, allow_cpu: bool) -> Mapping[str, str]:
    """Return the environment in which stages compute on ``accelerator``; params.yaml stays as it is.

    Raises:
        RunError: a GPU is asked for, there is none, and the CPU will not do.
    """
    if accelerator == "cpu":
        return HIDE_GPUS
    if subprocess.run((sys.executable, "-c", ASK), check=False, capture_output=True).returncode == 0:
        return {}
    if not allow_cpu:
        raise RunError(
            "this machine has no GPU that PyTorch can use: run the deployment train/cpu, start a worker of pool gpu "
            "on a machine that has one, or go on here with --param allow_cpu=true"
        )
    return HIDE_GPUS
