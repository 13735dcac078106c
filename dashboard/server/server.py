"""What the server does by itself: when it starts, and when a page fails. It imports nothing slow, to answer at once."""

import asyncio
import gc
import os
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st
import uvicorn
from starlette.formparsers import MultiPartParser

from dashboard.server.garbage import forget_ended_visits, start_collecting
from dashboard.server.tidying import start_tidying
from dashboard.server.warmup import warm

# Read when torch is imported, later: visitors share few cores, and threads that spin while they wait slow all of them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

STOP_WITHIN_S = 5
MB = 1024**2
BROWSER_DELAY_S = 0.3  # the socket listens only after `on_start` has yielded


@asynccontextmanager
async def on_start(_app: st.App) -> AsyncIterator[None]:
    """Warm up in the background and open the browser, which `streamlit run` does not do for an `st.App`."""
    prepare_to_serve()
    start_collecting()
    start_tidying()
    Thread(target=warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):
        loop = asyncio.get_running_loop()
        loop.call_later(BROWSER_DELAY_S, lambda: loop.run_in_executor(None, webbrowser.open, local_url()))
    ended = asyncio.create_task(forget_ended_visits())
    yield
    ended.cancel()
    end_work()


def end_work() -> None:
    """Let work in the background end at its next step: a thread that computes while Python ends would crash it."""
    runs = sys.modules.get("dashboard.core.jobs")  # not imported here: slow, and without it there is no such work
    if runs is not None:
        runs.stop_all(STOP_WITHIN_S)


def prepare_to_serve() -> None:
    """Set on the listening socket, on uvicorn's server and on the parser of uploads what Streamlit has no option for.

    The socket: Streamlit makes it without naming the protocol, and asyncio then leaves Nagle's algorithm on; every one
    of the hundred small files of the first page would wait 40 ms for the browser's delayed acknowledgement (uvicorn
    issue 3149). The connections that it accepts inherit the option.
    The server: it would wait without end for a browser that stopped reading before it stops itself.
    The parser: it would write every upload of more than a megabyte to the disk, where no visitor's file belongs and
    which may be full, before it is held in memory all the same.
    """
    MultiPartParser.spool_max_size = st.get_option("server.maxUploadSize") * MB
    for thing in gc.get_objects():  # nothing that Streamlit hands out leads to the two
        if type(thing) is socket.socket and _listens(thing):
            thing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        elif type(thing) is uvicorn.Server:
            thing.config.timeout_graceful_shutdown = STOP_WITHIN_S


def _listens(thing: socket.socket) -> bool:
    if thing.fileno() < 0 or thing.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    return bool(thing.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def local_url() -> str:
    """The address at which this machine's browser reaches the server."""
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "0.0.0.0", "::") else address
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"http://{host}:{st.get_option('server.port')}/{base}"


def on_page_error(error: Exception) -> bool:
    """Say in our own words that a page failed; True tells Streamlit that it was said."""
    from dashboard.core.failures import unexpected  # not at the top: it imports the library, torch with it

    return unexpected(error)
