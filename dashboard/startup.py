"""What happens once, when the server starts: the default model is warmed up and the browser is opened."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st

from dashboard.warmup import warm

BROWSER_DELAY_S = 0.3  # the socket listens only after this hook has yielded


@asynccontextmanager
async def on_start(_app: st.App) -> AsyncIterator[None]:
    """Start the warm-up in the background, so that the server answers at once."""
    Thread(target=warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):  # `streamlit run` opens no browser for an st.App
        asyncio.get_running_loop().call_later(BROWSER_DELAY_S, webbrowser.open, local_url())
    yield


def local_url() -> str:
    """The address at which this machine's browser reaches the server."""
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "0.0.0.0", "::") else address
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"http://{host}:{st.get_option('server.port')}/{base}"
