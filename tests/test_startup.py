"""Facts about the start of the server."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit as st

from dashboard.server.server import STOP_WITHIN_S, local_url, prepare_to_serve
from tests.browsing import running_server

ROOT = Path(__file__).resolve().parents[1]
STATIC = Path(st.__file__).parent / "static"


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
        with closing(socket.socket()) as gone:
            gone.close()
            prepare_to_serve()  # which meets sockets that are closed, too
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_browser_that_stopped_reading_does_not_keep_the_server_alive() -> None:
    began = 0.0
    with socket.socket() as deaf, running_server(ROOT / "streamlit_app.py") as base:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect((urlsplit(base).hostname, urlsplit(base).port))
        largest = max(STATIC.rglob("*.js"), key=lambda file: file.stat().st_size)
        deaf.sendall(f"GET /{largest.relative_to(STATIC)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 4)
        assert deaf.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
    assert time.monotonic() - began < STOP_WITHIN_S + 30


def test_the_page_names_the_scripts_that_it_will_need_and_they_come_as_they_lie_on_the_disk(sightline: str) -> None:
    with urllib.request.urlopen(sightline, timeout=30) as page:
        named = re.findall(r"<\.(/static/js/[^>]+)>; rel=modulepreload", page.headers["Link"])
    assert any("/Selectbox." in name for name in named)
    for name in named:
        with urllib.request.urlopen(sightline + name, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/javascript")
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.read() == (STATIC / name[1:]).read_bytes()
