"""Reads an ONNX file that a stranger may have made and runs it once: a script for a process of its own.

`limited_process` runs it with limited memory and time, so that whatever the file does ends this process and no other.
The file comes on standard input; on standard output goes an npz with the tidied model, a random input and the answer to
it, or with a sentence that says why not. Imports nothing of the project.
"""

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from onnx import TensorProto
from onnx.checker import ValidationError

MOST_NODES = 20_000
SIDE = 224  # pixels of an input whose size the file leaves open
ORDINARY = ("", "ai.onnx")
DTYPES = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16, TensorProto.DOUBLE: np.float64}


class Refused(Exception):
    """Carries the sentence for the user."""


def tidied(data: bytes, known: set[str]) -> onnx.ModelProto:
    """The checked model with its local functions written out."""
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise Refused("The file is no readable ONNX model: damaged, cut short, or another format.") from error
    if not model.graph.node:
        raise Refused("The file is no ONNX model, or its graph is empty.")
    _refuse_tensors_elsewhere(model)
    if model.functions:
        _refuse_many(model)
        model = onnx.inliner.inline_local_functions(model)
    if len(model.graph.node) > MOST_NODES:
        raise Refused(f"The model has {len(model.graph.node)} operators; up to {MOST_NODES} are read.")
    _refuse_unknown(model, known)
    try:
        onnx.checker.check_model(model)
    except (ValidationError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise Refused(f"The file is no valid ONNX model: {_plain(first)[:160].rstrip('.')}.") from error
    return model


def _refuse_many(model: onnx.ModelProto) -> None:
    """Local functions may call each other: a small file can stand for billions of operators."""
    bodies = {(function.domain, function.name): function.node for function in model.functions}
    counts: dict[tuple[str, str], int] = {}

    def count(nodes: Any, calling: tuple[tuple[str, str], ...]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in calling or len(calling) > 50:
                raise Refused("The model's functions call themselves; it is refused.")
            if key in bodies and key not in counts:
                counts[key] = count(bodies[key], (*calling, key))
            total += counts.get(key, 1)
        return total

    if count(model.graph.node, ()) > MOST_NODES:
        raise Refused(f"The model has more than {MOST_NODES} operators; it is refused.")


def _tensors(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    yield from _tensors_of(graph.node)


def _tensors_of(nodes: Any) -> Iterator[TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _tensors(graph)


def _refuse_tensors_elsewhere(model: onnx.ModelProto) -> None:
    inside = (tensor for function in model.functions for tensor in _tensors_of(function.node))
    for tensor in (*_tensors(model.graph), *inside):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise Refused(
                "The weights lie in another file, which is never followed. Save everything in one file: "
                "torch.onnx.export(…, external_data=False), or onnx.save(onnx.load('model.onnx'), 'one.onnx')."
            )


def _refuse_unknown(model: onnx.ModelProto, known: set[str]) -> None:
    names = {node.op_type if node.domain in ORDINARY else f"{node.domain}.{node.op_type}" for node in model.graph.node}
    unknown = sorted(names - known)
    if unknown:
        listed = ", ".join(_plain(name)[:60] for name in unknown[:5]) + (" …" if len(unknown) > 5 else "")
        raise Refused(f"The model uses operators that Sightline cannot take gradients through: {listed}.")


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in "[]<>`*$\\")


def input_of(model: onnx.ModelProto) -> tuple[str, np.ndarray]:
    """The name of the one input and a random picture for it; a single one, as the batch may be fixed."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise Refused(f"The model has {len(inputs)} inputs; a classifier of pictures has one.")
    kind = inputs[0].type.tensor_type
    sizes = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in kind.shape.dim]
    if len(sizes) != 4:
        raise Refused(f"The model's input has {len(sizes)} axes; pictures have four: batch, channels, height, width.")
    if kind.elem_type == TensorProto.BFLOAT16:
        raise Refused("The model reads bfloat16, which onnxruntime does not run; export it in float32 or float16.")
    if kind.elem_type not in DTYPES:
        raise Refused("The model reads whole numbers, which have no gradient; export it with a float input.")
    last = sizes[3] in (1, 3) and sizes[1] not in (1, 3)
    channels = sizes[3] if last else sizes[1] or 3
    sides = [size or SIDE for size in (sizes[1:3] if last else sizes[2:4])]
    if sizes[0] not in (0, 1):
        raise Refused(f"The model reads {sizes[0]} pictures at once; export it with a batch of one, or a free one.")
    if channels not in (1, 3) or not all(8 <= side <= 2048 for side in sides):
        shown = " × ".join(str(size or "?") for size in sizes)
        raise Refused(f"The model reads {shown}; a picture has 1 or 3 channels and sides of 8 to 2048 pixels.")
    shape = (1, *sides, channels) if last else (1, channels, *sides)
    return inputs[0].name, np.random.default_rng(0).random(shape, dtype=np.float32).astype(DTYPES[kind.elem_type])


def answers_of(model: onnx.ModelProto, name: str, given: np.ndarray) -> dict[str, np.ndarray]:
    """onnxruntime's answer at each output, without any of its rewriting, so that every value of the graph is made."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        wanted = [output.name for output in model.graph.output]
        return dict(zip(wanted, map(np.asarray, session.run(wanted, {name: given})), strict=True))
    except MemoryError:
        raise
    except Exception as error:
        if "alloc" in str(error).lower():
            raise MemoryError from error
        raise Refused(f"onnxruntime cannot run the model: {_plain(str(error))[:160].rstrip('.')}.") from error


def is_row(answer: np.ndarray) -> bool:
    """Whether an output may be the scores of one picture: a row of numbers, whatever axes of one stand beside it."""
    return answer.dtype.kind == "f" and answer.ndim > 0 and answer.size == max(answer.shape)


def chosen(answers: dict[str, np.ndarray], output: str) -> str:
    """The output of this name; for an empty one the first that is a row, else the first."""
    if output and output not in answers:
        raise Refused(
            f"The model has no output '{_plain(output)[:60]}'; it has {', '.join(map(_plain, answers))[:200]}."
        )
    return output or next((name for name, answer in answers.items() if is_row(answer)), next(iter(answers)))


def main() -> None:
    """Arguments: the names of the known operators as JSON, and of the output that is read."""
    try:
        model = tidied(sys.stdin.buffer.read(), set(json.loads(sys.argv[1])))
        name, given = input_of(model)
        answers = answers_of(model, name, given)
        output = chosen(answers, sys.argv[2])
        found: dict[str, Any] = {
            "model": np.frombuffer(model.SerializeToString(), np.uint8),
            "given": given,
            "answer": answers[output],
            "output": np.array(output),
            "outputs": np.array([key for key, answer in answers.items() if is_row(answer)]),
        }
    except Refused as refused:
        found = {"refused": np.array(str(refused))}
    except MemoryError:
        found = {"refused": np.array("MEMORY")}
    file = io.BytesIO()
    np.savez(file, **found)
    sys.stdout.buffer.write(file.getbuffer())


if __name__ == "__main__":
    main()
