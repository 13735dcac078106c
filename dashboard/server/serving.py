"""The dashboard on a network of yours, from a notebook or a script: `dashboard.serve(model, images)`.

It runs as a process of its own: a notebook's event loop, its signals and its `__main__` stay as they are. The network
goes there in a folder that only you can read, and that is gone once it has been read. The process ends with the one
that started it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from dashboard.server.handing_over import ImageLike
    from xai_core.types import LoadedModel

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "SIGHTLINE_SERVED"
HANDED_OVER, READY, FAILED = "handed_over.pickle", "ready", "failed"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
START_S = 180
STOP_S = 20
_POLL_S = 0.1


@dataclass(frozen=True, eq=False)
class Serving:
    """A dashboard under way. url: where a browser of this machine finds it."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self) -> None:
        """End it; its visitors' pictures go with it."""
        atexit.unregister(self.stop)
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self) -> None:
        """Until it ends, or Ctrl-C: for scripts, whose end would end it."""
        try:
            self.process.wait()
        except KeyboardInterrupt:
            self.stop()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _repr_html_(self) -> str:
        return f'Sightline runs at <a href="{self.url}" target="_blank">{self.url}</a>'


def serve(
    model: nn.Module | LoadedModel,
    images: str | Path | Sequence[ImageLike] | None = None,
    class_names: Sequence[str] | None = None,
    *,
    input_size: tuple[int, int] = (224, 224),
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
    title: str | None = None,
    port: int | None = None,
    open_browser: bool = True,
) -> Serving:
    """Open the dashboard on a model, for the browser of this machine only, and give the way to stop it.

    model: a network with the four settings that follow, or what `xai.wrap_model` or `xai.open_checkpoint` gave, which
    knows them. images: a folder, a zip, or pictures (paths, bytes, PIL images, uint8 (h, w, 3) arrays); the first few
    stand ready to be explained, and all of them are the data set of the Units and Map pages. class_names: one for each
    output. input_size: (height, width). mean, std: for pictures scaled to [0, 1]. port: by default a free one.
    ModelError: the network does not answer as a classifier, or cannot be handed over. ImageError: no pictures there.
    """
    from dashboard.server.handing_over import handed_over  # not at the top: it imports torch

    settings = {"input_size": input_size, "mean": mean, "std": std, "title": title}
    parcel = handed_over(model, images, class_names, settings)
    folder = _written(parcel)
    port = port or free_port()
    serving = Serving(f"http://127.0.0.1:{port}/", _start(folder, port), folder)
    atexit.register(serving.stop)
    try:
        _wait_until_ready(serving)
    except BaseException:
        serving.stop()
        raise
    if open_browser:
        webbrowser.open(serving.url)
    return serving


def _written(parcel: bytes) -> Path:
    """The parcel in a new folder that its owner alone can read. ModelError: the disk refuses."""
    from xai_core.errors import ModelError

    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix="sightline-"))
        (folder / HANDED_OVER).write_bytes(parcel)
    except OSError as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise ModelError(
            f"No temporary files can be written ({error.strerror}); free space, or set TMPDIR to a folder that can be."
        ) from error
    return folder


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The process reads its standard input only to notice that we are gone."""
    options = {"server.port": str(port), "server.address": "127.0.0.1", "server.headless": "true"}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
    command += [part for name, value in options.items() for part in (f"--{name}", value)]
    search = os.pathsep.join([str(ROOT), *(str(Path(entry).resolve()) for entry in sys.path)])
    environment = {**os.environ, "PYTHONPATH": search, VARIABLE: str(folder)}
    log = (folder / "log").open("wb")
    with log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )


def _wait_until_ready(serving: Serving) -> None:
    from xai_core.errors import ModelError

    end = time.monotonic() + START_S
    while not ((serving.folder / READY).exists() and answers(serving.url)):
        failed = serving.folder / FAILED
        if failed.exists():
            raise ModelError(failed.read_text("utf-8"))
        if serving.process.poll() is not None:
            last = (serving.folder / "log").read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise ModelError(f"The dashboard could not start: {''.join(last)[:300] or 'it gave no reason'}")
        if time.monotonic() > end:
            raise ModelError(
                f"The dashboard was not ready within {START_S} s; try again when the machine is less busy."
            )
        time.sleep(_POLL_S)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}_stcore/health", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
