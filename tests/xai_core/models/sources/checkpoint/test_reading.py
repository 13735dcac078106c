"""Hostile and broken files of weights: none runs code, each gets one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import resource
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint import reading
from xai_core.models.sources.checkpoint.reading import read_weights

ROOT = Path(__file__).resolve().parents[5]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


class Bomb:
    """Unpickling this would write a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.write_text, (self.target, "ran"))


STATE = {"a.weight": torch.ones(4, 4), "a.bias": torch.zeros(4)}
GOOD = saved(STATE)


def zipped(payload: bytes, name: str = "archive/data.pkl") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, payload)
    return file.getvalue()


def with_header(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


def old_format(content: object) -> bytes:
    """As PyTorch saved before version 1.6: pickles one after another, no zip."""
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def renamed(data: bytes, change: Callable[[str], str]) -> bytes:
    """The same archive under other names inside."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in old.infolist():
            new.writestr(change(entry.filename), old.read(entry))
    return file.getvalue()


def safetensors_of(kind: str, shape: list[int], size: int) -> bytes:
    """One tensor of zeros of a type of number."""
    return with_header(f'{{"a":{{"dtype":"{kind}","shape":{shape},"data_offsets":[0,{size}]}}}}'.encode(), bytes(size))


def overlapping(count: int) -> dict[str, torch.Tensor]:
    """Views of one storage, each but a little smaller than it."""
    held = torch.ones(300, 300)
    return {f"w{i}": held[i // 200 :, i % 200 :] for i in range(count)}


def nested(layout: torch.layout) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls them a prototype
        return saved({"a.weight": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)})


OLD = old_format(STATE)
HEADER = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
BROKEN = {
    "empty": b"",
    "one byte": b"\x80",
    "text": b"these are no weights",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "a zip of text": zipped(b"hello", "hello.txt"),
    "a zip that unpacks to 64 MB": zipped(bytes(64 * 2**20)),
    "pickle of a number": pickle.dumps(3),
    "a list of tensors": saved([torch.ones(3)]),
    "a whole network": saved(torch.nn.Linear(2, 2)),
    "NaN": saved({"a.weight": torch.full((2, 2), float("nan"))}),
    "infinite": saved({"a.weight": torch.full((2, 2), float("inf"))}),
    "a stretched tensor": saved({"a.weight": torch.ones(1).expand(40_000, 40_000)}),
    "sparse": saved({"a.weight": torch.ones(2, 2).to_sparse()}),
    "no tensors": saved({"epoch": 3}),
    "safetensors of lies": with_header(b'{"a":{"dtype":"F32","shape":[100000,100000],"data_offsets":[0,40000000000]}}'),
    "safetensors with a negative shape": with_header(
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4)
    ),
    "safetensors of no type": with_header(b'{"a":{"dtype":"X99","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "safetensors with a broken header": with_header(b'{"a":'),
    "safetensors with overlapping data": with_header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        bytes(4),
    ),
    "safetensors whose header claims 4 GB": (2**32).to_bytes(8, "little") + HEADER + bytes(4),
    "safetensors whose header claims 2^63": (2**63).to_bytes(8, "little") + HEADER + bytes(4),
    "safetensors with data past the end": with_header(HEADER.replace(b"[0,4]", b"[4,8]"), bytes(4)),
    "safetensors with offsets reversed": with_header(HEADER.replace(b"[0,4]", b"[4,0]"), bytes(4)),
    "safetensors with a hole": with_header(HEADER, bytes(8)),
    "safetensors of nothing": with_header(b"{}"),
    "safetensors with a list": with_header(b'{"a":[1]}'),
    "safetensors nested deeply": with_header(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "safetensors of a product past 2^64": with_header(HEADER.replace(b"[1]", b"[4294967296,4294967296]"), bytes(4)),
    "safetensors that are no text": with_header(b'{"\xff\xfe":3}'),
    "safetensors with a link as a name": with_header(HEADER.replace(b'"a"', b'"![x](http:x)"'), bytes(4)),
    "a pickle that claims 2 GB of text": b"\x80\x02X\xff\xff\xff\x7f",
    "a pickle that claims 2^62 bytes": b"\x80\x04\x8e" + (2**62).to_bytes(8, "little"),
    "a pickle that remembers at 2 billion": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "a pickle nested deeply": b"\x80\x02" + b"(" * 50_000 + b"t" * 50_000 + b".",
    "a pickle without an end": b"\x80\x02}",
    "a pickle of an unknown protocol": b"\x80\xff.",
    "a pickle that calls eval": b"c__builtin__\neval\n(S'1'\ntR.",
    "a pickle that opens a file": b"cio\nopen\n(S'/etc/passwd'\ntR.",
    "a pickle that names torch.load": b"ctorch\nload\n(S'x'\ntR.",
    "a zip whose names leave it": renamed(GOOD, lambda name: "../../" + name),
    "a zip without the pickle": renamed(GOOD, lambda name: name.replace("data.pkl", "data.txt")),
    "a zip without the tensors": renamed(GOOD, lambda name: name.replace("/data/", "/other/")),
    "a zip that ends early": GOOD[:-30],
    "the old format, cut": OLD[: len(OLD) // 2],
    "the old format, another length": OLD.replace((16).to_bytes(8, "little"), (2**40).to_bytes(8, "little")),
    "the old format of a network": old_format(torch.nn.Linear(2, 2)),
    "complex": saved({"a.weight": torch.ones(2, 2, dtype=torch.complex64)}),
    "meta": saved({"a.weight": torch.empty(3, 3, device="meta")}),
    "nested": nested(torch.strided),
    "nested, jagged": nested(torch.jagged),
    "four bits packed": saved({"a.weight": torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)}),
    "sixty views of one storage": saved(overlapping(60)),
    "ten thousand views of one storage": saved(overlapping(10_000)),
    "views in a trainer's file": saved({"state_dict": {f"module.{n}": t for n, t in overlapping(60).items()}}),
    "8-bit NaN": saved({"a.weight": torch.full((2, 2), float("nan")).to(torch.float8_e4m3fn)}),
    "safetensors of four bits": safetensors_of("F4", [2], 1),
    "safetensors of six bits": safetensors_of("F6_E2M3", [4], 3),
    "safetensors of complex numbers": safetensors_of("C64", [2], 16),
    "safetensors of a hundred thousand names": with_header(
        b"{" + b",".join(b'"w%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(100_001)) + b"}"
    ),
    "a name of a mile": saved({"a" * 5000: torch.ones(2)}),
    **{f"cut to {share} of ten": GOOD[: len(GOOD) * share // 10] for share in range(1, 10)},
    **{f"flipped at {at}": GOOD[:at] + bytes([GOOD[at] ^ 255]) + GOOD[at + 1 :] for at in range(40, 90, 5)},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gets_one_sentence(name: str) -> None:
    try:
        read_weights(BROKEN[name])
    except ModelError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert len(refused) < 400
        assert refused.endswith(".")
        return
    assert name.startswith("flipped"), "only a flipped byte in the padding may leave the weights as they were"
    assert torch.equal(read_weights(BROKEN[name]).tensors["a.weight"], STATE["a.weight"])


def test_there_are_sixty_of_them() -> None:
    assert len(BROKEN) >= 60


@pytest.mark.slow
def test_none_takes_more_memory_than_a_quarter_of_a_gigabyte() -> None:
    """In a process of its own, since the largest use so far is all that the system tells."""
    told = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, cwd=ROOT, check=True, env=ENVIRONMENT
    )
    assert int(told.stdout) < 256, f"{told.stdout} MB"


def measure() -> None:
    """Print by how many megabytes the largest use of memory grows over all broken files."""
    read_weights(GOOD)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in BROKEN.values():
        with contextlib.suppress(ModelError):
            read_weights(data)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)


EIGHT_BITS = {
    "e4m3fn": torch.float8_e4m3fn,
    "e4m3fnuz": torch.float8_e4m3fnuz,
    "e5m2": torch.float8_e5m2,
    "e5m2fnuz": torch.float8_e5m2fnuz,
}


@pytest.mark.parametrize("kind", EIGHT_BITS)
def test_eight_bit_floats_are_read_as_float32(kind: str) -> None:
    values = torch.tensor([[0.5, -1.5], [2.0, 0.0]])
    state = {"a.weight": values.to(EIGHT_BITS[kind]), "a.bias": torch.zeros(2)}
    for data in (saved(state), *([] if kind.endswith("uz") else [safetensors.torch.save(state)])):
        read = read_weights(data)
        assert read.tensors["a.weight"].dtype == torch.float32
        assert torch.equal(read.tensors["a.weight"], values)
        assert "8-bit floats were read as float32" in read.notes[-1]


def test_one_tensor_under_many_names_is_one() -> None:
    tied = torch.ones(300, 300)
    tensors = read_weights(saved({f"w{i}": tied for i in range(500)})).tensors
    assert len(tensors) == 500
    assert len({tensor.data_ptr() for tensor in tensors.values()}) == 1


def test_more_weights_than_can_be_computed_with_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 2000)
    with pytest.raises(ModelError, match=r"billion weights would take .* GB to compute with"):
        read_weights(safetensors_of("F8_E4M3", [1500], 1500))


def test_code_in_a_file_never_runs(tmp_path: Path) -> None:
    target = tmp_path / "proof"
    for data in (pickle.dumps(Bomb(target)), saved({"a.weight": torch.ones(2), "extra": Bomb(target)})):
        with pytest.raises(ModelError, match=r"could run code|no readable file"):
            read_weights(data)
    assert not target.exists()


def test_the_way_out_is_said() -> None:
    with pytest.raises(ModelError, match=r"save the weights alone: torch\.save\(model\.state_dict\(\)"):
        read_weights(saved(torch.nn.Linear(2, 2)))


def programs() -> dict[str, bytes]:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.Flatten()).eval()
    script, exported = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls TorchScript deprecated
        torch.jit.save(torch.jit.script(network), script)
    torch.export.save(torch.export.export(network, (torch.rand(1, 3, 8, 8),)), exported)
    return {"TorchScript": script.getvalue(), "torch.export": exported.getvalue()}


def test_a_program_is_not_run_and_the_way_through_onnx_is_said() -> None:
    for data in programs().values():
        with pytest.raises(ModelError, match=r"whole program .* torch\.onnx\.export"):
            read_weights(data)


def test_a_good_file_is_read() -> None:
    assert {name: tuple(t.shape) for name, t in read_weights(GOOD).tensors.items()} == {
        "a.weight": (4, 4),
        "a.bias": (4,),
    }


if __name__ == "__main__":
    measure()
