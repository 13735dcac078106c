"""Another site in the visitor's browser can neither open a session, nor upload, nor rename itself to this address."""

from __future__ import annotations

import urllib.request
import uuid

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.visitor import visit
from tests.security.conftest import Ask


def test_the_dashboards_own_page_may_connect(url: str):
    with visit(url) as visitor:
        visitor.open("models")
        assert visitor.elements


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},  # DNS rebinding: the name leads here, and the browser takes it for the same site
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
def test_another_site_may_not(url: str, headers: dict[str, str]):
    with pytest.raises((InvalidStatus, ConnectionClosed)), visit(url, **headers) as visitor:
        visitor.open()


@pytest.mark.parametrize("headers", [{}, {"X-Xsrftoken": "guessed", "Cookie": "_streamlit_xsrf=other"}])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_upload_needs_the_pages_own_token(url: str, ask: Ask, headers: dict[str, str], method: str):
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\nx\r\n--b--\r\n'
    told = {"Content-Type": "multipart/form-data; boundary=b", **headers}
    status, _ = ask(f"{url}/_stcore/upload_file/{uuid.uuid4()}/1", method, body if method == "PUT" else None, told)
    assert status == 403


def test_no_other_site_may_read_an_answer(url: str):
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        request = urllib.request.Request(url + path, headers={"Origin": "https://evil.example"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") not in ("*", "https://evil.example"), path


@pytest.mark.parametrize("path", ["/", "/compare", "/app/static/mark.svg", "/no/such/page"])
def test_every_answer_holds_the_browser_to_this_server(url: str, path: str):
    with urllib.request.urlopen(url + path, timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "connect-src 'self' data: blob:;" in policy
    assert "frame-ancestors 'self'" in policy
    assert "*" not in policy
    assert "http" not in policy
