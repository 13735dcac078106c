"""Whatever goes wrong with a download is told in one clear sentence and leaves no file behind."""

import errno
import io
import shutil
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.xai_core.models.weights_host import CONTENT, N_BYTES, SHA256, files, offer, serving
from xai_core import fetching
from xai_core.errors import ModelError
from xai_core.models import download as download_module
from xai_core.models.download import fetch
from xai_core.types import Download

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def host():
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "hub" / "checkpoints"


@contextmanager
def assert_refused(folder, pattern):
    """The block raises one clear ModelError, says how to supply the file by hand, and leaves no file."""
    with pytest.raises(ModelError, match=pattern) as caught:
        yield
    message = str(caught.value)
    assert f"net-{SHA256[:8]}.pth could not be downloaded: " in message
    assert "nothing was changed" in message
    assert f"put net-{SHA256[:8]}.pth from http://127.0.0.1:" in message
    assert message.endswith(f" in {folder}.")
    assert files(folder) == []


def test_a_missing_file_is_told_with_the_servers_answer(host, folder):
    with assert_refused(folder, r"127\.0\.0\.1 answered 404 \(Not Found\)"):
        fetch(offer(host, "missing"))


def test_another_file_is_refused_by_its_hash(host, folder):
    with assert_refused(folder, rf"its SHA-256 starts with {SHA256[:8]}, not 01234567"):
        fetch(offer(host, sha256="0123456789"))


@pytest.mark.parametrize("place", [0, N_BYTES // 2, N_BYTES - 1])
def test_a_file_on_the_disk_with_one_byte_changed_is_refused_and_stays(host, folder, place):
    path = fetch(offer(host))
    assert files(folder) == [path.name]
    damaged = bytearray(CONTENT)
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ModelError, match=rf"starts with [0-9a-f]{{8}}, not {SHA256[:8]}; delete .* download it again"):
        fetch(offer(host))
    assert path.read_bytes() == damaged
    path.unlink()
    assert fetch(offer(host)).read_bytes() == CONTENT


def test_too_short_an_answer_is_refused(host, folder):
    with assert_refused(folder, r"only 0\.0 MiB of 0\.7 MiB arrived"):
        fetch(offer(host, "short"))


def test_too_long_an_answer_is_stopped_at_the_stated_size(host, folder):
    received = []
    with assert_refused(folder, r"more than the expected 0\.7 MiB"):
        fetch(offer(host, "long"), on_progress=lambda done, _: received.append(done))
    assert max(received) <= N_BYTES


def test_a_connection_that_breaks_leaves_nothing(host, folder):
    with assert_refused(folder, r"only 0\.3 MiB of 0\.7 MiB arrived|connection to 127\.0\.0\.1 broke"):
        fetch(offer(host, "broken"))


def test_a_silent_server_is_given_up_after_the_time_asked_for(host, folder):
    start = time.monotonic()
    with assert_refused(folder, r"127\.0\.0\.1 did not answer in time"):
        fetch(offer(host, "silent"), timeout_s=0.2)
    assert time.monotonic() - start < 5


def test_without_a_network_one_sentence_says_what_to_do(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/net-{SHA256[:8]}.pth"
        with assert_refused(folder, r"no connection to 127\.0\.0\.1; nothing was changed\. Connect to the internet"):
            fetch(Download(url, N_BYTES, SHA256[:8]))


def test_a_server_without_a_trusted_certificate_is_told(host, folder, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise fetching.urllib.error.URLError(fetching.ssl.SSLCertVerificationError("self-signed"))

    monkeypatch.setattr(fetching.urllib.request, "urlopen", refuse)
    with assert_refused(folder, r"the certificate of 127\.0\.0\.1 was not accepted"):
        fetch(offer(host))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/net.pth", "data:,weights", "net.pth"])
def test_other_schemes_are_refused(url, folder):
    with pytest.raises(ModelError, match="http and https addresses only"):
        fetch(Download(url, 10, SHA256[:8]))
    assert files(folder) == []


def test_too_little_room_is_told_before_the_server_is_asked(host, folder, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with assert_refused(folder, r"the disk is too full for 0\.7 MiB; nothing was changed\. Free some space"):
        fetch(offer(host))
    assert host.requests == []


def test_a_disk_that_fills_up_on_the_way_is_told_as_such(host, folder, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download_module.os, "fsync", full)
    with assert_refused(folder, r"the disk is too full for 0\.7 MiB"):
        fetch(offer(host))


def test_a_write_that_the_disk_takes_only_in_part_is_told(host, folder, monkeypatch):
    class FullDisk(io.FileIO):
        def write(self, data):
            return super().write(data[:1000])

    monkeypatch.setattr(Path, "open", lambda path, mode, **_: FullDisk(path, mode))
    with assert_refused(folder, r"the disk is too full for 0\.7 MiB"):
        fetch(offer(host))


def test_a_folder_that_cannot_be_made_is_told(host, folder):
    folder.parent.mkdir()
    folder.write_text("a file in the folder's place")
    with pytest.raises(ModelError, match=r"the folder cannot be written to .*Set TORCH_HOME"):
        fetch(offer(host))
    assert folder.read_text() == "a file in the folder's place"
