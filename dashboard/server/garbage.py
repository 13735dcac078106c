"""Garbage, collected once for all visitors every few seconds.

Streamlit would do it after each run of a page (`runner.postScriptGC`, off in .streamlit/config.toml): with all pages'
libraries loaded that costs 50 ms and more, thrice as much as the page, and nobody else runs meanwhile.
"""

import asyncio
import gc
import time
from threading import Event, Thread
from typing import Any

from streamlit import runtime

EVERY_S = 5.0
ENDED_EVERY_S = 10.0
_wanted = Event()


def collect_soon() -> None:
    """A page has run: what it left behind goes within EVERY_S."""
    _wanted.set()


def start_collecting() -> None:
    """Collect from now on, in a thread of its own; where no page runs, nothing is done."""
    Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    while _wanted.wait():
        time.sleep(EVERY_S)
        _wanted.clear()
        gc.collect()


async def forget_ended_visits() -> None:
    """Let visits go that have ended, from now on, in the server's own loop, where Streamlit begins and ends them.

    Streamlit keeps what a visit holds for two minutes after its last tab has closed, in case it comes back, and then
    until the next tab of anybody closes; and its loop holds on to the visit that it served last. On a quiet server a
    scan would lie in memory all night, and so would the files that were taken along, at their addresses: of those
    Streamlit notes at one run of a page that nobody needs them, and drops them at the next.
    """
    unwanted: set[str] = set()
    while True:
        await asyncio.sleep(ENDED_EVERY_S)
        if runtime.exists():
            _let_go(runtime.get_instance())
            unwanted = _drop_files(runtime.get_instance(), unwanted)


def _let_go(server: Any) -> None:
    kept = server._session_mgr._session_storage._cache
    ended = [info.session for name, info in kept._data.items() if name not in kept]  # there, and its time is over
    for session in ended:
        session.shutdown()
        session.session_state.clear()
    if ended:
        len(kept)  # to be counted, it drops them
        collect_soon()


def _drop_files(server: Any, before: set[str]) -> set[str]:
    """Drop the files that nobody needed the last time either, which leaves a browser time to fetch what was just made;
    gives those that nobody needs now."""
    files = server.media_file_mgr
    unwanted = {name for name, file in list(files._file_metadata.items()) if file.is_marked_for_delete}
    if unwanted & before:
        files.remove_orphaned_files()
    return unwanted - before
