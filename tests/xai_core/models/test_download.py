"""A real server on 127.0.0.1 plays the weights' host, in good order and in bad."""

import errno
import hashlib
import http.server
import io
import os
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from xai_core.errors import Cancelled, ModelError
from xai_core.models import download as download_module
from xai_core.models.download import fetch, is_on_disk, weights_path
from xai_core.types import Download

pytestmark = pytest.mark.timeout(60)
N_BYTES = 700_001
CONTENT = os.urandom(N_BYTES)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Host(http.server.BaseHTTPRequestHandler):
    """The path chooses the behaviour: /good, /moved, /missing, /short, /long, /broken, /slow, /silent."""

    def do_GET(self):
        self.server.requests.append(self.path)
        behaviour = self.path.split("/")[1]
        if behaviour == "missing":
            return self.send_error(404)
        if behaviour == "moved":
            self.send_response(302)
            self.send_header("Location", self.path.replace("moved", "good"))
            return self.end_headers()
        body = {"short": CONTENT[:1000], "long": CONTENT * 2}.get(behaviour, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.send_body(behaviour, body)

    def send_body(self, behaviour, body):
        if behaviour == "broken":
            self.wfile.write(body[:300_000])
            return self.connection.shutdown(socket.SHUT_RDWR)
        if behaviour in ("slow", "silent"):
            self.wfile.write(body[:300_000])
            self.wfile.flush()
            self.server.may_go_on.wait(10)
            body = body[300_000:]
        try:
            return self.wfile.write(body)
        except OSError:
            return None  # the client went away, as several tests want it to

    def log_message(self, *_args):
        pass


@pytest.fixture
def host():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.daemon_threads = True
    server.requests, server.may_go_on = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.may_go_on.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "hub" / "checkpoints"


def offer(host, behaviour="good", *, size=N_BYTES, sha256=SHA256):
    return Download(f"http://127.0.0.1:{host.server_port}/{behaviour}/net-{SHA256[:8]}.pth?v=1", size, sha256[:8])


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@contextmanager
def refused(folder, pattern):
    """The block raises one clear ModelError, says how to supply the file by hand, and leaves no file."""
    with pytest.raises(ModelError, match=pattern) as caught:
        yield
    message = str(caught.value)
    assert f"net-{SHA256[:8]}.pth could not be downloaded: " in message
    assert "nothing was changed" in message
    assert f"put net-{SHA256[:8]}.pth from http://127.0.0.1:" in message
    assert message.endswith(f" in {folder}.")
    assert files(folder) == []


def test_the_weights_lie_where_torch_hub_looks_for_them(host, folder):
    assert weights_path(offer(host)) == folder / f"net-{SHA256[:8]}.pth"
    folder.mkdir(parents=True)
    weights_path(offer(host)).write_bytes(b"")
    state = {"a": torch.ones(1)}
    torch.save(state, weights_path(offer(host)))
    loaded = torch.hub.load_state_dict_from_url(offer(host).url, progress=False, weights_only=True)
    assert torch.equal(loaded["a"], state["a"])
    assert host.requests == []


@pytest.mark.parametrize("behaviour", ["good", "moved"])
def test_a_download_arrives_whole_and_alone_in_its_folder(host, folder, behaviour):
    wanted = offer(host, behaviour)
    assert not is_on_disk(wanted)
    path = fetch(wanted)
    assert path == weights_path(wanted)
    assert path.read_bytes() == CONTENT
    assert is_on_disk(wanted)
    assert files(folder) == [path.name]


def test_what_is_on_disk_is_not_asked_for_again(host):
    fetch(offer(host))
    fetch(offer(host))
    assert len(host.requests) == 1


def test_a_cut_off_file_under_the_final_name_does_not_count_and_is_replaced(host):
    path = weights_path(offer(host))
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:-5000])
    assert not is_on_disk(offer(host))
    assert fetch(offer(host)).read_bytes() == CONTENT


def test_progress_grows_to_the_whole_and_never_exceeds_it(host):
    calls = []
    wanted = offer(host, size=len(CONTENT) - 500)  # torchvision's sizes are rounded
    fetch(wanted, on_progress=lambda *call: calls.append(call))
    received = [done for done, _ in calls]
    assert received == sorted(received)
    assert len(received) >= 3
    assert calls[-1] == (wanted.size_bytes, wanted.size_bytes)


def test_no_file_has_the_final_name_before_the_end(host, folder):
    seen = []
    fetch(offer(host), on_progress=lambda *_: seen.append(files(folder)))
    assert all(len(names) == 1 and names[0].endswith(".partial") for names in seen)


@pytest.mark.parametrize(
    "stop", [Cancelled("stopped"), KeyboardInterrupt(), OSError(errno.ENOSPC, "from the callback")]
)
def test_an_exception_of_the_callback_stops_the_download_and_comes_through(host, folder, stop):
    def on_progress(_received, _total):
        raise stop

    with pytest.raises(type(stop)) as caught:
        fetch(offer(host), on_progress=on_progress)
    assert caught.value is stop
    assert files(folder) == []
    assert fetch(offer(host)).read_bytes() == CONTENT  # the file's lock was given back


def test_a_missing_file_is_told_with_the_servers_answer(host, folder):
    with refused(folder, r"127\.0\.0\.1 answered 404 \(Not Found\)"):
        fetch(offer(host, "missing"))


def test_another_file_is_refused_by_its_hash(host, folder):
    with refused(folder, rf"its SHA-256 starts with {SHA256[:8]}, not 01234567"):
        fetch(offer(host, sha256="0123456789"))


def test_too_short_an_answer_is_refused(host, folder):
    with refused(folder, r"only 0\.0 MiB of 0\.7 MiB arrived"):
        fetch(offer(host, "short"))


def test_too_long_an_answer_is_stopped_at_the_stated_size(host, folder):
    received = []
    with refused(folder, r"more than the expected 0\.7 MiB"):
        fetch(offer(host, "long"), on_progress=lambda done, _: received.append(done))
    assert max(received) <= len(CONTENT)


def test_a_connection_that_breaks_leaves_nothing(host, folder):
    with refused(folder, r"only 0\.3 MiB of 0\.7 MiB arrived|connection to 127\.0\.0\.1 broke"):
        fetch(offer(host, "broken"))


def test_a_silent_server_is_given_up_after_the_time_asked_for(host, folder):
    start = time.monotonic()
    with refused(folder, r"127\.0\.0\.1 did not answer in time"):
        fetch(offer(host, "silent"), timeout_s=0.2)
    assert time.monotonic() - start < 5


def test_without_a_network_one_sentence_says_what_to_do(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/net-{SHA256[:8]}.pth"
        with refused(folder, r"no connection to 127\.0\.0\.1; nothing was changed\. Connect to the internet"):
            fetch(Download(url, len(CONTENT), SHA256[:8]))


def test_a_server_without_a_trusted_certificate_is_told(host, folder, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise download_module.urllib.error.URLError(download_module.ssl.SSLCertVerificationError("self-signed"))

    monkeypatch.setattr(download_module.urllib.request, "urlopen", refuse)
    with refused(folder, r"the certificate of 127\.0\.0\.1 was not accepted"):
        fetch(offer(host))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/net.pth", "data:,weights", "net.pth"])
def test_other_schemes_are_refused(url, folder):
    with pytest.raises(ModelError, match="http and https addresses only"):
        fetch(Download(url, 10, SHA256[:8]))
    assert files(folder) == []


def test_too_little_room_is_told_before_the_server_is_asked(host, folder, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with refused(folder, r"the disk is too full for 0\.7 MiB; nothing was changed\. Free some space"):
        fetch(offer(host))
    assert host.requests == []


def test_a_disk_that_fills_up_on_the_way_is_told_as_such(host, folder, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download_module.os, "fsync", full)
    with refused(folder, r"the disk is too full for 0\.7 MiB"):
        fetch(offer(host))


def test_a_write_that_the_disk_takes_only_in_part_is_told(host, folder, monkeypatch):
    class FullDisk(io.FileIO):
        def write(self, data):
            return super().write(data[:1000])

    monkeypatch.setattr(Path, "open", lambda path, mode, **_: FullDisk(path, mode))
    with refused(folder, r"the disk is too full for 0\.7 MiB"):
        fetch(offer(host))


def test_a_folder_that_cannot_be_made_is_told(host, folder):
    folder.parent.mkdir()
    folder.write_text("a file in the folder's place")
    with pytest.raises(ModelError, match=r"the folder cannot be written to .*Set TORCH_HOME"):
        fetch(offer(host))
    assert folder.read_text() == "a file in the folder's place"


def run_all(*jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_that_want_the_same_file_share_one_download(host):
    wanted, paths, waited, begun = offer(host, "slow"), [], [], threading.Event()

    def first():
        paths.append(fetch(wanted, on_progress=lambda *_: begun.set()))

    def other():
        def on_progress(received, total):
            waited.append((received, total))
            host.may_go_on.set()

        begun.wait(10)
        paths.append(fetch(wanted, on_progress=on_progress))

    run_all(first, other, other, other, other)
    assert paths == [weights_path(wanted)] * 5
    assert len(host.requests) == 1
    assert 0 < waited[0][0] < N_BYTES
    assert all(0 < received <= total == N_BYTES for received, total in waited)


def test_a_thread_that_waits_can_be_cancelled_while_another_downloads(host):
    wanted, outcome, begun = offer(host, "slow"), [], threading.Event()

    def first():
        outcome.append(fetch(wanted, on_progress=lambda *_: begun.set()))

    def impatient():
        def on_progress(_received, _total):
            raise Cancelled("stopped")

        begun.wait(10)
        with pytest.raises(Cancelled):
            fetch(wanted, on_progress=on_progress)
        outcome.append("cancelled")
        host.may_go_on.set()

    run_all(first, impatient)
    assert outcome == ["cancelled", weights_path(wanted)]
