"""A table survives kill -9 at any moment: nothing finished is lost or done twice, and the end is the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import xai_core as xai
from tests.xai_core.embedding.tables import same
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table, stored_table
from xai_core.embedding.store import shard_size
from xai_core.errors import SightlineError
from xai_core.types import SourceImage

KILLS = 10


def logged_build(folder: str, log: str) -> None:
    """Build the table of the digits and write down each picture that is read."""
    digits, file = open_dataset("digits"), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def read(item: str) -> SourceImage:
        os.write(file, item.encode() + b"\n")
        return digits.read(item)

    build_table(xai.load_model("digits", device="cpu"), replace(digits, read=read), folder=Path(folder))


@pytest.fixture(scope="module")
def server() -> ForkServerContext:
    """Starts processes from one that has imported torch already: a start takes a tenth of a second, not four."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "xai_core", "pyarrow.parquet", "xai_core.embedding.build"])
    return context


@pytest.fixture(autouse=True)
def plain_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's AppTest leaves its last script as the main module, which each new process would run again."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


@pytest.mark.slow
def test_ten_kills_at_random_moments_lose_nothing(tmp_path: Path, server: ForkServerContext) -> None:
    log, folder = tmp_path / "log", tmp_path / "tables"
    log.touch()
    moments = np.random.default_rng().uniform(0, 0.4, size=KILLS)
    print("seconds until each kill:", moments)
    kills = 0
    for moment in moments:
        before = log.stat().st_size
        process = server.Process(target=logged_build, args=(str(folder), str(log)))
        process.start()
        while process.is_alive() and log.stat().st_size == before:
            time.sleep(0.002)  # until it reads pictures, or has none left to read
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL) if process.is_alive() else None
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    assert kills, "the job was never interrupted"
    digits, model = open_dataset("digits"), xai.load_model("digits", device="cpu")
    resumed = build_table(model, digits, folder=folder)
    assert same(resumed, build_table(model, digits))
    assert not list(folder.glob("**/*.partial"))
    times_read = Counter(log.read_text().split())
    twice = sum(times_read.values()) - len(times_read)
    workers = os.cpu_count() or 1
    assert twice <= kills * workers * shard_size(len(digits)), "a finished shard was done again"


@pytest.mark.slow
def test_another_process_is_refused_while_one_writes_and_a_dead_one_holds_no_lock(
    tmp_path: Path, server: ForkServerContext
) -> None:
    log = tmp_path / "log"
    log.touch()
    process = server.Process(target=logged_build, args=(str(tmp_path / "tables"), str(log)))
    process.start()
    while process.is_alive() and not log.stat().st_size:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGSTOP)
    digits, model = open_dataset("digits"), xai.load_model("digits", device="cpu")
    try:
        assert stored_table(model, digits, None, tmp_path / "tables") is None
        with pytest.raises(SightlineError, match="being computed already"):
            build_table(model, digits, folder=tmp_path / "tables")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    assert len(build_table(model, digits, folder=tmp_path / "tables")) == 1797
