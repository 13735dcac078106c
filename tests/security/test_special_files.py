"""Links in a circle, pipes, devices, sockets and addresses in folders and lists: nothing waits, nothing is followed
out, and every refusal is a sentence."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from PIL import Image

import xai_core as xai
from dashboard.shared import local_folder
from xai_core.datasets import open_dataset
from xai_core.datasets.cheng import open_cheng
from xai_core.errors import SightlineError
from xai_core.images.scans import open_scans
from xai_core.models.catalog import file_kinds
from xai_core.models.sources.config_file import read_file
from xai_core.models.sources.own_folder import VARIABLE, list_folder, weights_file

WAIT_S = 30
TOO_LONG = "/" + "a" * 5000


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """A pipe or a device that was opened ends the test, not the run."""

    def waited(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"waited for {WAIT_S} s")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(WAIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def odd_files(folder: Path, suffix: str) -> None:
    """One of each kind, with a suffix that is asked for."""
    os.mkfifo(folder / f"pipe{suffix}")
    for name, target in (("device", "/dev/zero"), ("circle", f"other{suffix}"), ("other", f"circle{suffix}")):
        (folder / f"{name}{suffix}").symlink_to(target)
    (folder / f"nowhere{suffix}").symlink_to("gone")
    (folder / f"around{suffix}").symlink_to(".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (20, 20), (200, 10, 10)).save(tmp_path / "a.png")
    odd_files(tmp_path, ".png")
    odd_files(tmp_path, "")
    return tmp_path


def test_a_folder_of_pictures_gives_the_pictures(folder: Path):
    assert [item.id for item in open_dataset(folder).items] == ["a.png"]


@pytest.mark.parametrize(
    "path",
    [
        *("pipe.png", "device.png", "circle.png", "nowhere.png", "circle/a.png", "a.png/b.png", f"{'a' * 300}.png"),
        *("http://127.0.0.1:9/a.png", "https://evil.example/a.png", "file:///etc/a.png", "s3://bucket/a.png"),
        *("//evil.example/share/a.png", "\\\\evil.example\\share\\a.png", "/etc/a.png", "../a.png", "~/a.png"),
    ],
)
def test_a_list_leaves_out_what_is_no_picture_beside_it(folder: Path, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("an address was looked up"))
    (folder / "list.csv").write_text(f"path,label\na.png,1\n{path},2\n")
    listed = open_dataset(folder / "list.csv")
    assert [item.id for item in listed.items] == ["a.png"]
    assert "1 line is left out" in " ".join(listed.notes)


@pytest.mark.parametrize("name", ["pipe", "device", "circle", "nowhere", "pipe.png", "device.png", TOO_LONG])
@pytest.mark.parametrize(
    "read", [open_dataset, xai.load_image, open_scans, open_cheng, read_file], ids=lambda read: read.__name__
)
def test_each_reader_refuses_them_in_a_sentence(folder: Path, name: str, read: Callable[[Path], object]):
    with pytest.raises(SightlineError, match=r"\.$"):
        read(folder / name)


@pytest.mark.parametrize("name", ["pipe.csv", "device.csv", "circle.csv", "circle", TOO_LONG, f"{TOO_LONG}.csv"])
def test_so_does_the_field_for_a_folder(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local_folder, "is_local", lambda: True)
    odd_files(folder, ".csv")
    with pytest.raises(SightlineError, match="There is no folder and no CSV file"):
        local_folder.open_local_folder(str(folder / name), open_dataset)


def test_a_folder_of_scans_and_a_copy_of_the_tumours_pass_over_them(folder: Path):
    odd_files(folder, ".dcm")
    for number, name in enumerate(("pipe.png", "device.png", "circle.png"), 1):
        (folder / name).rename(folder / f"{number}.mat")
    with pytest.raises(SightlineError, match="not a scan"):
        open_scans(folder)
    with pytest.raises(SightlineError):
        open_cheng(folder)


def test_a_folder_of_models_lists_no_such_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, str(folder))
    odd_files(folder, ".pth")
    odd_files(folder, ".yaml")
    (folder / "pipe.safetensors").write_bytes(b"weights")
    listing = list_folder(file_kinds())
    assert listing.without_config == ("pipe.safetensors",)
    for name in ("pipe.pth", "device.pth", "circle.pth", "around.pth", "a" * 300 + ".pth", "../a.png"):
        with pytest.raises(SightlineError, match="has no file"):
            weights_file(name)


def test_a_socket_is_no_picture():
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{short}/s.png")
        with pytest.raises(SightlineError, match="holds no picture"):
            open_dataset(Path(short))
        with pytest.raises(SightlineError, match="not an ordinary file"):
            xai.load_image(f"{short}/s.png")
