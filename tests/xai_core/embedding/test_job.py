"""The command line makes the same table on every engine, and a kill in the middle costs nothing that was finished."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import xai_core as xai
from tests.xai_core.embedding.tables import same, write_folder
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table, stored_table
from xai_core.embedding.job import main
from xai_core.types import FeatureTable

ROOT = Path(__file__).resolve().parents[3]
SHARD = 48

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None and not os.environ.get("CI"), reason="Ray is not installed"
)


def arguments(data: Path | str, out: Path, *more: str) -> list[str]:
    return [
        "--model",
        "digits",
        "--device",
        "cpu",
        "--data",
        str(data),
        "--out",
        str(out),
        "--shard",
        str(SHARD),
        *more,
    ]


def test_the_local_job_leaves_the_table_that_the_library_opens(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root = write_folder(tmp_path / "data", 100)
    (root / "a" / "0000.png").write_bytes(b"no picture")
    assert main(arguments(root, tmp_path / "out")) == 0
    shown = capsys.readouterr()
    assert "99 pictures, vectors of 64 numbers (input of classifier)" in shown.out
    assert "not read: a/0000.png: " in shown.out
    assert "100 of 100 pictures" in shown.err
    model, data = xai.load_model("digits", device="cpu"), open_dataset(root)
    assert same(stored_table(model, data, None, tmp_path / "out"), build_table(model, data, images_a_shard=SHARD))


def test_pictures_behind_an_address_give_the_same_rows(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data", 40)
    assert main(arguments(root.as_uri(), tmp_path / "far")) == 0
    assert main(arguments(root, tmp_path / "near")) == 0
    far, near = (next((tmp_path / where).glob("*/view-*/vectors.npy")).read_bytes() for where in ("far", "near"))
    assert far == near


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["--model", "none"], "There is no model 'none'"),
        (["--data", "nowhere"], 'There is no data set "nowhere"'),
        (["--data", "file:///nowhere"], 'The address "file:///nowhere" cannot be read; check its spelling'),
        (["--data", "nothing://here"], 'The address "nothing://here" cannot be read; check its spelling'),
        (["--layer", "block9"], "has no layer 'block9'"),
    ],
)
def test_a_job_without_sense_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture, given: list[str], reason: str
) -> None:
    assert main([*arguments("digits", tmp_path), *given]) == 2
    assert reason in capsys.readouterr().err


@contextmanager
def ray_job(data: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """The job on Ray in a process of its own, which does not outlive the test."""
    command = [
        sys.executable,
        "-m",
        "xai_core.embedding.job",
        *arguments(data, out, "--engine", "ray", "--workers", "2"),
    ]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Which file each finished shard is; a shard that is done again is another file."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("*/shards/*.parquet")}


def wait_for(process: subprocess.Popen[str], out: Path, count: int) -> None:
    deadline = time.monotonic() + 240
    while len(finished(out)) < count:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def descendants(parent: int) -> dict[int, str]:
    """{process id: its command} of everything that a process started, from /proc."""
    parents, commands = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    below, more = {parent}, {parent}
    while more:
        more = {child for child, of in parents.items() if of in more} - below
        below |= more
    return {child: commands.get(child, "") for child in below - {parent}}


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("ray") / "data", 1500)


@pytest.fixture(scope="module")
def undisturbed(images: Path) -> FeatureTable:
    return build_table(xai.load_model("digits", device="cpu"), open_dataset(images), images_a_shard=SHARD)


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_ray_writes_the_same_vectors_and_survives_the_kill_of_a_worker_and_of_the_driver(
    tmp_path: Path, images: Path, undisturbed: FeatureTable
) -> None:
    with ray_job(images, tmp_path) as driver:
        wait_for(driver, tmp_path, 4)
        workers = [
            pid for pid, command in descendants(driver.pid).items() if "ray::" in command and "ShardJob" in command
        ]
        assert workers
        os.kill(workers[0], signal.SIGKILL)
        wait_for(driver, tmp_path, 12)  # it goes on with another
        ours = descendants(driver.pid)
        driver.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 180
    while any(alive(pid) for pid, command in ours.items() if "ray::" in command):
        assert time.monotonic() < deadline  # Ray's own processes follow their driver
        time.sleep(0.1)
    before = finished(tmp_path)
    assert 12 <= len(before) < 32
    with ray_job(images, tmp_path) as second:
        said = second.communicate(timeout=400)[0]
    assert second.returncode == 0, said
    after = finished(tmp_path)
    assert len(after) == 32
    assert {name: after[name] for name in before} == before  # nothing finished was done again
    table = stored_table(xai.load_model("digits", device="cpu"), open_dataset(images), None, tmp_path)
    assert same(table, undisturbed)
