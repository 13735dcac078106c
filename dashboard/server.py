"""What the server does by itself: when it starts, and when a page fails. It imports nothing slow, to answer at once."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st

from dashboard.warmup import warm

# Read when torch is imported, later: visitors share few cores, and threads that spin while they wait slow all of them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

BROWSER_DELAY_S = 0.3  # the socket listens only after `on_start` has yielded


@asynccontextmanager
async def on_start(_app: st.App) -> AsyncIterator[None]:
    """Warm up in the background and open the browser, which `streamlit run` does not do for an `st.App`."""
    send_at_once()
    Thread(target=warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):
        loop = asyncio.get_running_loop()
        loop.call_later(BROWSER_DELAY_S, lambda: loop.run_in_executor(None, webbrowser.open, local_url()))
    yield


def send_at_once() -> None:
    """Switch Nagle's algorithm off at the socket that listens; the connections that it accepts inherit that.

    Streamlit makes this socket without naming the protocol, and asyncio then leaves the algorithm on: every one of the
    hundred small files of the first page waits 40 ms for the browser's delayed acknowledgement (uvicorn issue 3149).
    """
    for thing in gc.get_objects():  # nothing that Streamlit hands out leads to the socket
        if type(thing) is socket.socket and thing.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            thing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def local_url() -> str:
    """The address at which this machine's browser reaches the server."""
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "0.0.0.0", "::") else address
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"http://{host}:{st.get_option('server.port')}/{base}"


def on_page_error(error: Exception) -> bool:
    """Say in our own words that a page failed; True tells Streamlit that it was said."""
    from dashboard.failures import unexpected  # not at the top: it imports the library, torch with it

    return unexpected(error)
