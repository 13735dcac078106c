"""The first run of a stranger's ONNX file, in a process that the system ends where it takes too much."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai_core.errors import ModelError
from xai_core.models.sources.limited_process import Limits, run_limited

MAX_BYTES = 1024**3  # of a file
MEMORY = 4 * 1024**3  # bytes that reading and running it may take
SECONDS = 120
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True, eq=False)
class Trial:
    """model: the file again, checked and without functions. given: a random input. answer: onnxruntime's to it.

    output: the name of the one that is read. outputs: of all that may be scores.
    """

    model: bytes
    given: np.ndarray
    answer: np.ndarray
    output: str
    outputs: tuple[str, ...]


def tried(data: bytes, known: Iterable[str], output: str = "") -> Trial:
    """Read and run the file once, with at most MEMORY bytes and SECONDS. known: operators that may stand in it.

    output: which is read; the first that may be scores where none is named.

    ModelError: broken, hostile, with other operators, or beyond these limits.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(f"The file has {len(data) / 1e9:.1f} GB; ONNX files up to {MAX_BYTES / 1e9:.1f} GB open.")
    limits = Limits(MEMORY, SECONDS, "Reading and running the model once")
    found = run_limited(_PROBE, data, limits, json.dumps(sorted(known)), output)
    output, outputs = str(found["output"]), tuple(found["outputs"].tolist())
    return Trial(found["model"].tobytes(), found["given"], found["answer"], output, outputs)
