"""The first run of a stranger's ONNX file, in a process that the system ends where it takes too much."""

import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai_core.errors import ModelError

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
    limits = (str(MEMORY), str(math.ceil(SECONDS)))
    command = [sys.executable, "-I", str(_PROBE), *limits, json.dumps(sorted(known)), output]
    quiet = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        told = subprocess.run(command, input=data, capture_output=True, timeout=2 * SECONDS, env=quiet, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"The model takes longer than {2 * SECONDS} seconds for one picture; it is refused."
        ) from error
    if not told.stdout:
        raise ModelError(_ended(told.returncode))
    found = np.load(io.BytesIO(told.stdout))
    if "refused" in found:
        said = str(found["refused"])
        raise ModelError(_ended(0) if said == "MEMORY" else said)
    output, outputs = str(found["output"]), tuple(found["outputs"].tolist())
    return Trial(found["model"].tobytes(), found["given"], found["answer"], output, outputs)


def _ended(code: int) -> str:
    if code == -24:  # SIGXCPU
        return f"The model takes more than {SECONDS} seconds for one picture; it is refused."
    return f"Reading or running the model takes more than {MEMORY // 2**30} GB of memory, or crashes; it is refused."
