"""UMAP (McInnes, Healy & Melville 2018), in a process of its own: half a minute of compiling blocks nobody there."""

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from xai_core.embedding.projection import Projection, check_map
from xai_core.embedding.umap_child import send
from xai_core.errors import SightlineError
from xai_core.types import FeatureTable, ProgressCallback

_LOOK = 0.1  # seconds between two looks at whether to stop
_GONE = "The process that computes UMAP ended; ask again to start another."


@dataclass(frozen=True)
class UmapSettings:
    """neighbours: more show the whole, fewer the detail. min_dist: how tightly points may lie, 0 to 1."""

    neighbours: int = 15
    min_dist: float = 0.1
    seed: int = 0


@dataclass(frozen=True, eq=False)
class UmapProcess:
    """A running process, warming up or ready. It holds one map; `stop` it, or it goes with this object."""

    process: subprocess.Popen[bytes]
    answers: queue.SimpleQueue[Any]
    ready: threading.Event
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """At once, whatever it is doing."""
        _stop(self.process)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


def start_umap() -> UmapProcess:
    """Start early: it compiles for 12 to 70 seconds before `ready` is set, on one core and at low priority."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "NUMBA_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("umap_child.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    ready = threading.Event()
    threading.Thread(target=_listen, args=(process.stdout, answers, ready), daemon=True).start()
    started = UmapProcess(process, answers, ready)
    weakref.finalize(started, _stop, process)
    return started


def umap_map(
    table: FeatureTable,
    dims: int = 2,
    *,
    process: UmapProcess,
    settings: UmapSettings = UmapSettings(),
    on_progress: ProgressCallback | None = None,
) -> Projection:
    """The map of a table; the process keeps it and places new pictures until it is asked for another map.

    UMAP does not tell how far it is, so on_progress(seconds, 0) tells how long it takes; it may raise, which stops the
    process. SightlineError: the process is gone, or UMAP failed.
    """
    check_map(table, dims)
    request = {
        "vectors": str(table.folder / "vectors.npy") if table.folder else np.asarray(table.vectors),
        "dims": dims,
        "n_neighbors": min(settings.neighbours, len(table) - 1),
        "min_dist": settings.min_dist,
        "metric": "euclidean",
        "seed": settings.seed,
    }
    with process.lock:
        points = _ask(process, "fit", request, on_progress)
    told = {key: value for key, value in request.items() if key != "vectors"}

    def place(vectors: np.ndarray) -> np.ndarray:
        with process.lock:
            return _ask(process, "place", np.atleast_2d(np.asarray(vectors, np.float32)), None)

    return Projection("umap", points, place, told)


def _ask(process: UmapProcess, name: str, request: object, on_progress: ProgressCallback | None) -> np.ndarray:
    """The answer; whatever on_progress raises stops the process, as UMAP itself cannot be interrupted."""
    assert process.process.stdin is not None
    try:
        send(process.process.stdin, (name, request))
        answer = _wait(process.answers, on_progress)
    except (OSError, ValueError) as error:  # the pipe is broken, or closed
        raise SightlineError(_GONE) from error
    except BaseException:
        process.stop()
        raise
    if answer is None:
        process.answers.put(None)
        raise SightlineError(_GONE)
    if isinstance(answer, str):
        raise SightlineError(f"UMAP could not make this map ({answer}); try other settings.")
    return np.asarray(answer)


def _wait(answers: queue.SimpleQueue[Any], on_progress: ProgressCallback | None) -> Any:
    start = time.monotonic()
    while True:
        try:
            return answers.get(timeout=_LOOK)
        except queue.Empty:
            if on_progress is not None:
                on_progress(int(time.monotonic() - start), 0)


def _listen(pipe: IO[bytes], answers: queue.SimpleQueue[Any], ready: threading.Event) -> None:
    """Pass on what the process says; None once it is gone."""
    try:
        pickle.load(pipe)
        ready.set()
        while True:
            answers.put(pickle.load(pipe))
    except (EOFError, pickle.UnpicklingError, OSError, ValueError):
        answers.put(None)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # a request that the process no longer took
                continue
