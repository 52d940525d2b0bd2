"""Models that a challenger may be: of real films, damaged, or hanging."""

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx

from dicom_router.model.folder import GRAPH, MODEL, content_version, file_digests, to_json

FOR_EVER = 1 << 62


def remade(model: Path, folder: Path, **changes: Any) -> Path:
    """Write a model like ``model`` but for ``changes`` of its specification, whole and of a version of its own."""
    shutil.copytree(model, folder)
    return signed(folder, **changes)


def signed(folder: Path, **changes: Any) -> Path:
    """Make the specification true of the files that are there."""
    specification = {**json.loads((folder / MODEL).read_text()), **changes}
    specification["files"] |= file_digests(folder, [GRAPH])
    specification["version"] = content_version(specification)
    (folder / MODEL).write_bytes(to_json(specification))
    return folder


def hanging(model: Path, folder: Path, when: Literal["always", "not black"]) -> Path:
    """Write a model like ``model`` whose network counts for ever."""
    shutil.copytree(model, folder)
    graph = onnx.load(folder / GRAPH).graph
    number, tensor, node = onnx.TensorProto.INT64, onnx.numpy_helper.from_array, onnx.helper.make_node
    value = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        [node("Identity", ["go"], ["on"]), node("Add", ["count", "turn"], ["sum"])],
        "count",
        [value("turn", number, []), value("go", onnx.TensorProto.BOOL, []), value("count", number, [])],
        [value("on", onnx.TensorProto.BOOL, []), value("sum", number, [])],
    )
    constants = {"for_ever": FOR_EVER, "once": 1, "start": 0, "dark": np.float32(-1 if when == "always" else 0)}
    nodes = [
        node("ReduceMax", ["pixels"], ["lightest"], keepdims=0),
        node("Greater", ["lightest", "dark"], ["hangs"]),
        node("Where", ["hangs", "for_ever", "once"], ["turns"]),
        node("Loop", ["turns", "", "start"], ["counted"], body=body),
        node("Cast", ["counted"], ["as_float"], to=onnx.TensorProto.FLOAT),
        node("Mul", ["as_float", "nothing"], ["waited"]),
        node("Add", ["weighted", "waited"], ["logits"]),
    ]
    graph.node[-1].output[0] = "weighted"
    graph.node.extend(nodes)
    graph.initializer.extend(tensor(np.array(each), name) for name, each in constants.items())
    graph.initializer.append(tensor(np.array(0, np.float32), "nothing"))
    opset = [onnx.helper.make_opsetid("", 18)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=10), folder / GRAPH)
    return signed(folder)
