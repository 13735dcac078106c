"""Weights arrive whole, once, and in torch's own cache; a server on 127.0.0.1 plays their host."""

import errno
import threading

import pytest
import torch

from tests.xai_core.models.weights_host import CONTENT, N_BYTES, SHA256, files, offer, serving
from xai_core.errors import Cancelled
from xai_core.models.download import fetch, is_on_disk, weights_path

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
    wanted = offer(host, size=N_BYTES - 500)  # torchvision's sizes are rounded
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
