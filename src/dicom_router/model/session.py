"""ONNX Runtime, set up: the only module that knows its options."""

import os
from pathlib import Path
from typing import Any, Final

# Since 1.29 it tells its makers about each model, hashes of its weights included, and reads this when it is imported;
# its own disable_telemetry_events() does not stop that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from onnxruntime import InferenceSession, SessionOptions, get_available_providers
from onnxruntime.capi.onnxruntime_pybind11_state import (
    EPFail,
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    NotImplemented,
    RuntimeException,
)

from dicom_router.errors import ModelError
from dicom_router.model.device import Device

__all__ = ["NOT_RUN", "InferenceSession", "open_session", "providers_for"]

NOT_RUN: Final = (Fail, InvalidArgument, NotImplemented, RuntimeException)  # what a graph that was opened may raise
CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
# TF32 rounds to ten bits of mantissa, and the thresholds were certified on the arithmetic of a CPU.
CUDA_OPTIONS: Final[dict[str, Any]] = {"use_tf32": "0"}
WITHOUT_CUDA: Final = (
    "this ONNX Runtime finds no CUDA device: take --device cpu, or install onnxruntime-gpu in place of onnxruntime"
    " on a machine with an NVIDIA driver"
)


def open_session(graph: Path, threads: int = 1, device: Device = "cpu") -> InferenceSession:
    """Open an ONNX file with ``threads`` threads; ``auto`` is CUDA where it works, and else the CPU.

    Raises:
        ModelError: ONNX Runtime cannot read the file, or CUDA is asked for and not there.
    """
    *others, _ = providers = providers_for(device, get_available_providers())
    try:
        return _open(graph, threads, providers)
    except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise ModelError(f"ONNX Runtime cannot read {graph}: {error}") from None
    except (RuntimeError, EPFail) as error:  # a build for CUDA on a machine without
        if device == "cuda" or not others:
            raise ModelError(f"{WITHOUT_CUDA} ({error})") from None
        return _open(graph, threads, [CPU])


def providers_for(device: Device, available: list[str]) -> list[str]:
    """Return which of the ``available`` providers are tried, in this order; the last is the CPU.

    Raises:
        ModelError: CUDA is asked for and not available.
    """
    if device == "cuda" and CUDA not in available:
        raise ModelError(WITHOUT_CUDA)
    return [CUDA, CPU] if device != "cpu" and CUDA in available else [CPU]


def _open(graph: Path, threads: int, providers: list[str]) -> InferenceSession:
    """Open a session.

    Raises:
        RuntimeError: a provider cannot be set up; ONNX Runtime would print so to standard output and take the CPU.
    """
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: its warnings speak to its developers
    settings = [CUDA_OPTIONS if provider == CUDA else {} for provider in providers]
    session = InferenceSession(graph, options, providers=providers, provider_options=settings, enable_fallback=0)
    if session.get_providers()[0] != providers[0]:
        raise RuntimeError(f"{providers[0]} could not be loaded")
    return session
