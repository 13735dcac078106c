"""Odd methods, endless headers and programs: every address answers only what it is meant for, and the server stays."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.security.conftest import Ask

ADDRESSES = ("slices/word/0", "media/word.png", "app/static/mark.svg", "_stcore/health", "static/js/none.js", "explain")


def first_line(url: str, *lines: str, body: bytes = b"") -> bytes:
    """How the answer to a request begins that is sent as it stands; empty where the server hangs up."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection, suppress(OSError):
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return connection.recv(200).split(b"\r\n")[0]
    return b""


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "A" * 5000]
)
def test_odd_methods_are_refused(url: str, address: str, method: str):
    line = first_line(url, f"{method} /{address} HTTP/1.1", "Host: 127.0.0.1", "Connection: close")
    assert not line or line.split()[1][:1] == b"4"


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/1.1", "Host: 127.0.0.1", f"X-Long: {'x' * 2_000_000}"],
        ["GET / HTTP/1.1", "Host: 127.0.0.1", *(f"X-{number}: x" for number in range(50_000))],
        [f"GET /{'x' * 1_000_000} HTTP/1.1", "Host: 127.0.0.1"],
        ["GET / HTTP/1.1", "Host: 127.0.0.1", f"Cookie: _streamlit_user={'x' * 60_000}"],
        ["GET / HTTP/1.1", "Host: a\x00b"],
        ["GET / HTTP/9.9", "Host: 127.0.0.1"],
        ["GET slices HTTP/1.1", "Host: 127.0.0.1"],
        ["GET http://169.254.169.254/latest HTTP/1.1", "Host: 169.254.169.254"],
        ["GET / HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 5", "Transfer-Encoding: chunked"],
        ["GET / HTTP/1.1", "Host: 127.0.0.1", "Content-Length: -1"],
    ],
)
def test_odd_requests_end_no_server(url: str, ask: Ask, lines: list[str]):
    assert b" 500" not in first_line(url, *lines, "Connection: close")
    assert ask(f"{url}/_stcore/health") == (200, b"ok")


@pytest.mark.parametrize("address", ["interact", "mcp"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_program_drives_the_pages(url: str, ask: Ask, address: str, method: str):
    """Streamlit's agent API would open sessions past the page; it is off."""
    data = b"{}" if method == "POST" else None
    status, _ = ask(f"{url}/_stcore/agent/{address}", method, data, {"Content-Type": "application/json"})
    assert status >= 400
