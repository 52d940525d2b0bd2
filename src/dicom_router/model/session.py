"""ONNX Runtime, set up: the only module that knows its options."""

from pathlib import Path

from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile

from dicom_router.errors import ModelError

__all__ = ["InferenceSession", "open_session"]


def open_session(graph: Path, threads: int = 1) -> InferenceSession:
    """Open an ONNX file on the CPU with ``threads`` threads.

    Raises:
        ModelError: ONNX Runtime cannot read the file.
    """
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: its warnings speak to its developers
    try:
        return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise ModelError(f"ONNX Runtime cannot read {graph}: {error}") from None
