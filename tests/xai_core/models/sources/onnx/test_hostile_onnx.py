"""Hostile and broken ONNX files: none runs code, reads another file or takes more than the stated memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.xai_core.models.sources.onnx.exports import FLOAT, KerasLike, graph_of, keras_file
from xai_core.errors import ModelError
from xai_core.models.sources.onnx import trial
from xai_core.models.sources.onnx.opening import read_onnx

GOOD = keras_file(KerasLike(4, 3).eval(), 13, "Softmax", side=8)
node = helper.make_node


def changed(change: Callable[[onnx.ModelProto], object]) -> bytes:
    model = onnx.load_model_from_string(GOOD)
    change(model)
    return model.SerializeToString()


def elsewhere(location: str) -> bytes:
    """The weights of the first layer in another file."""

    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location

    return changed(change)


def made(*nodes: onnx.NodeProto, weights: dict[str, np.ndarray] | None = None, **how: object) -> bytes:
    return graph_of(nodes, weights or {}, **how).SerializeToString()  # type: ignore[arg-type]


def filled(*sizes: int) -> bytes:
    """Makes a tensor of these sizes out of a shape of some bytes, and adds its sum to the answer."""
    return made(
        node("ConstantOfShape", ["shape"], ["huge"]),
        node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        node("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0),
        node("Add", ["m", "sum"], ["y"]),
        weights={"shape": np.array(sizes)},
        classes=3,
    )


def doubling(times: int) -> bytes:
    """Local functions, each calling the one before it twice: 2 ** times operators in some kilobytes."""
    model = onnx.load_model_from_string(made(node(f"F{times}", ["x"], ["y"], domain="bomb")))
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("bomb", 1)]
    for i in range(times + 1):
        inner = ("Neg", "") if i == 0 else (f"F{i - 1}", "bomb")
        body = [node(inner[0], ["a"], ["b"], domain=inner[1]), node(inner[0], ["b"], ["c"], domain=inner[1])]
        model.functions.append(helper.make_function("bomb", f"F{i}", ["a"], ["c"], body, opsets))
    model.opset_import.append(opsets[1])
    return model.SerializeToString()


def circular() -> bytes:
    """A local function that calls itself."""
    model = onnx.load_model_from_string(doubling(0))
    model.functions[0].node[0].op_type, model.functions[0].node[0].domain = "F0", "bomb"
    return model.SerializeToString()


def looping() -> bytes:
    """A node that feeds itself through another."""
    return made(node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Flatten", ["b"], ["y"]))


def in_a_circle(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = model.graph.node[3].output[0]


def absurd(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**40, 2**20, 3, 3]


def negative(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-8, 3, 3, 3]


def not_a_number(model: onnx.ModelProto) -> None:
    tensor = next(t for t in model.graph.initializer if t.name == "conv.weight")
    tensor.raw_data = np.full(tuple(tensor.dims), np.nan, np.float32).tobytes()


def two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("other", FLOAT, ("n", 3)))


def of_other_sizes(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 100_000


def of_text(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def evil_names(model: onnx.ModelProto) -> None:
    model.graph.node[3].op_type = "<img src=x>"


EMPTY = b"\x0a\x00" * (2**25)  # an operator of two bytes that parses to more than a hundred
HOSTILE = {
    "empty": (b"", "no ONNX model"),
    "text": (b"not a model", "no readable ONNX model"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "no readable ONNX model|no ONNX model"),
    "a pickle": (b"\x80\x04\x95\x0b\x00\x00\x00", "no readable ONNX model"),
    **{f"cut to {n} of ten": (GOOD[: len(GOOD) * n // 10], "ONNX model") for n in (1, 5, 9)},
    "a message that claims 2 GB": (b"\x3a\xff\xff\xff\xff\x07" + GOOD[:50], "no readable ONNX model"),
    "groups nested deeply": (b"\x3b" * 100_000, "no readable ONNX model"),
    "33 million empty operators": (b"\x3a\x80\x80\x80\x20" + EMPTY, "memory|operators|no readable"),
    "weights in another file": (elsewhere("weights.bin"), "weights lie in another file"),
    "weights outside the folder": (elsewhere("../../../../etc/passwd"), "weights lie in another file"),
    "weights under a full path": (elsewhere("/etc/passwd"), "weights lie in another file"),
    "a circle": (changed(in_a_circle), "no valid ONNX model"),
    "a loop of two": (looping(), "no valid ONNX model"),
    "tensors of 2^60 numbers": (changed(absurd), "ONNX model|memory"),
    "negative sizes": (changed(negative), "ONNX model|memory"),
    "NaN weights": (changed(not_a_number), "NaN"),
    "two inputs": (changed(two_inputs), "has 2 inputs"),
    "an input of 100 000 rows": (changed(of_other_sizes), "a picture has 1 or 3 channels"),
    "an input of text": (changed(of_text), "float input"),
    "a tensor of 40 GB out of a shape": (filled(100_000, 100_000), "more than 4 GB of memory"),
    "a tensor of 2^62 out of a shape": (filled(2**31, 2**31), "memory|cannot run"),
    "functions that double": (doubling(24), "more than 20000 operators"),
    "functions that call themselves": (circular(), "call themselves"),
    "an unknown operator": (made(node("TreeEnsembleClassifier", ["x"], ["y"], domain="ai.onnx.ml")), "ai.onnx.ml"),
    "an operator of markup": (changed(evil_names), "img src=x"),
    "a loop operator": (made(node("Loop", ["", "", "x"], ["y"])), "gradients through: Loop"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_one_sentence(name: str) -> None:
    data, said = HOSTILE[name]
    with pytest.raises(ModelError, match=said) as refused:
        read_onnx(data)
    sentence = str(refused.value)
    assert len(sentence) < 400
    assert sentence.endswith(".")
    assert "<" not in sentence


def test_the_good_file_is_read() -> None:
    assert read_onnx(GOOD).classes == 4


def test_weights_elsewhere_are_not_even_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file lies there and would be read by onnx's own reader."""
    monkeypatch.chdir(tmp_path)
    fifo = tmp_path / "weights.bin"
    os.mkfifo(fifo)  # opening it would wait for ever
    with pytest.raises(ModelError, match="weights lie in another file"):
        read_onnx(elsewhere("weights.bin"))


ALONE = """
import resource, sys
from pathlib import Path
from tests.xai_core.models.sources.onnx.test_hostile_onnx import ModelError, read_onnx

def most(of):
    return resource.getrusage(of).ru_maxrss

before = most(resource.RUSAGE_SELF)
for path in sys.argv[1:]:
    try:
        read_onnx(Path(path).read_bytes())
    except ModelError:
        continue
    raise SystemExit("not refused")
print(most(resource.RUSAGE_SELF) - before, most(resource.RUSAGE_CHILDREN))
"""


@pytest.mark.slow
def test_the_limit_binds_the_other_process_and_this_one_stays_small(tmp_path: Path) -> None:
    """What such a file becomes must not come back. In a process of its own: other tests have had larger children."""
    paths = []
    for name in ("a tensor of 40 GB out of a shape", "functions that double"):
        paths.append(tmp_path / name.replace(" ", "-"))
        paths[-1].write_bytes(HOSTILE[name][0])
    root = Path(__file__).resolve().parents[5]
    done = subprocess.run([sys.executable, "-c", ALONE, *paths], cwd=root, capture_output=True, text=True, check=True)
    grown, largest_child = (1024 * int(kilobytes) for kilobytes in done.stdout.split())
    assert grown < 512 * 1024**2
    assert largest_child <= trial.MEMORY


def test_a_process_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.05)
    with pytest.raises(ModelError, match=r"takes? .*seconds"):
        read_onnx(GOOD)
