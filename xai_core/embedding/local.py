"""The shards of a table computed on this machine: threads of one core each, so that one decodes while another computes.

Pillow and torch let go of the interpreter while they work, so threads do what processes would, and whatever network and
data set the caller has can be used as they are: nothing needs to be sent to another process.
"""

import os
import queue
import threading
from collections.abc import Callable

import torch

from xai_core.embedding.shard import TableWork, row_maker, run_shard
from xai_core.embedding.store import Shard, write_shard
from xai_core.errors import Cancelled

Advance = Callable[[int], None]
Engine = Callable[[TableWork, Advance], None]

_setting_threads = threading.Lock()


def run_local(given: TableWork, advance: Advance, workers: int | None = None) -> None:
    """Write every shard into the table's folder.

    advance(pictures) is called in the caller's thread and may raise to stop: then finished shards stay, and those under
    way end with their batch. workers: threads, by default one a core.
    """
    todo: queue.SimpleQueue[Shard] = queue.SimpleQueue()
    events: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()
    for shard in given.shards:
        todo.put(shard)

    def check(images: int) -> None:
        events.put(images)
        if stop.is_set():
            raise Cancelled("The table was stopped.")

    def work() -> None:
        try:
            _use_one_core()
            maker = row_maker(given.model, given.embedding_layer, given.read)
            while not stop.is_set():
                shard = todo.get_nowait()
                write_shard(given.folder, shard.name, run_shard(maker, shard, check))
        except queue.Empty:
            events.put(None)
        except BaseException as error:  # handed to the caller's thread
            events.put(error)

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = min(max(1, workers or usable or 1), len(given.shards))
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        _follow(events, len(threads), advance)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _follow(events: queue.SimpleQueue[int | BaseException | None], running: int, advance: Advance) -> None:
    """Hand on what the workers report until the last one ends; raise what one of them raised."""
    while running:
        event = events.get()
        if isinstance(event, BaseException):
            raise event
        if event is None:
            running -= 1
        else:
            advance(event)


def _use_one_core() -> None:
    """This thread computes on one core; the threads of others keep theirs.

    torch's setting counts for the calling thread and for threads still to come, so the latter is put back at once.
    """
    with _setting_threads:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        restore = threading.Thread(target=torch.set_num_threads, args=(before,))
        restore.start()
        restore.join()
