"""A script that reads a stranger's file runs in a process of its own, which the system ends where it takes too much."""

import io
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai_core.errors import ModelError

_START = Path(__file__).with_name("limited_start.py")


@dataclass(frozen=True)
class Limits:
    """memory: bytes of address space, where the system knows such a limit. seconds: of CPU; twice that on the clock.

    reading: what takes too much, as the sentences say it: "Reading the file".
    """

    memory: int
    seconds: float
    reading: str


def run_limited(script: Path, data: bytes, limits: Limits, *arguments: str) -> Mapping[str, np.ndarray]:
    """What a script writes as an npz to its standard output, after it has read `data` from its standard input.

    The script runs isolated from this project and from the caller's settings. ModelError: the sentence that it wrote
    under "refused" ("MEMORY" where it ran out of it), a crash, or beyond the limits.
    """
    command = [sys.executable, "-I", str(_START), str(limits.memory), str(math.ceil(limits.seconds)), str(script)]
    # The readers of HDF5 would load filters from folders that the environment names.
    quiet = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
    try:
        told = subprocess.run(
            [*command, *arguments], input=data, capture_output=True, timeout=2 * limits.seconds, env=quiet, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{limits.reading} takes longer than {2 * limits.seconds} seconds; it is refused.") from error
    if not told.stdout:
        raise ModelError(_ended(told.returncode, limits))
    found = np.load(io.BytesIO(told.stdout))
    if "refused" in found:
        said = str(found["refused"])
        raise ModelError(_ended(0, limits) if said == "MEMORY" else said)
    return {name: found[name] for name in found.files}


def _ended(code: int, limits: Limits) -> str:
    if code == -24:  # SIGXCPU
        return f"{limits.reading} takes more than {limits.seconds} seconds; it is refused."
    return f"{limits.reading} takes more than {limits.memory // 2**30} GB of memory, or crashes; it is refused."
