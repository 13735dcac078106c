"""No address of the server leads to a file beside those that it means to give."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.security.conftest import Ask

SECRET = b"[project]"  # of pyproject.toml, which lies above every folder that is served


def raw(url: str, path: str) -> bytes:
    """The answer to a path as it stands, which urllib and browsers would tidy up."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "root", ["/app/static/", "/static/", "/component/", "/_stcore/bidi-components/", "/media/", "/"]
)
@pytest.mark.parametrize(
    "way",
    [
        "../../pyproject.toml",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "..\\..\\pyproject.toml",
        "....//....//pyproject.toml",
        "%252e%252e/%252e%252e/pyproject.toml",
        "/etc/passwd",
        "fonts/%00/../../../../pyproject.toml",
    ],
)
def test_no_path_leads_out(url: str, root: str, way: str):
    answer = raw(url, root + way)
    assert SECRET not in answer
    assert b"root:" not in answer
    assert b" 500 " not in answer.split(b"\r\n", 1)[0]


def test_a_static_file_is_served_and_its_folder_is_not_listed(url: str, ask: Ask):
    status, body = ask(f"{url}/app/static/mark.svg")
    assert (status, b"<svg" in body) == (200, True)
    assert b"mark.svg" not in ask(f"{url}/app/static/fonts/")[1]


@pytest.mark.parametrize("word", ["0" * 22, "..", "%2e%2e"])
def test_slices_need_the_word_of_their_visit(url: str, ask: Ask, word: str):
    status, body = ask(f"{url}/slices/{word}/0")
    assert status in (400, 404)
    assert b"<html" not in body
