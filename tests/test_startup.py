"""Facts about the start of the server."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit as st

from dashboard.server import local_url, send_at_once

ROOT = Path(__file__).resolve().parents[1]


def test_the_entry_script_imports_nothing_slow() -> None:
    """The server answers before torch is imported: that is the warm-up thread's work."""
    code = "import sys, streamlit_app; print([name for name in ('torch', 'xai_core') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("address", "base", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8765/"),
        ("0.0.0.0", "/sightline/", "http://localhost:8765/sightline"),
        (None, "", "http://localhost:8765/"),
    ],
)
def test_browser_is_sent_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, address: str | None, base: str, url: str
) -> None:
    options = {"server.address": address, "server.port": 8765, "server.baseUrlPath": base}
    monkeypatch.setattr(st, "get_option", options.__getitem__)
    assert local_url() == url


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """A listener made without naming its protocol, as Streamlit's is: what it accepts must send at once."""
    with socket.socket(socket.AF_INET) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        send_at_once()
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
