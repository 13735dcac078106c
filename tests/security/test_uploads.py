"""An upload that is too large is refused before it is held; a message that is too large ends the connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.exceptions import ConnectionClosed

from benchmarks.visitor import Visitor, visit
from tests.browsing import ROOT, running_server
from tests.security.conftest import APP, Ask
from tests.xai_core.test_full_disk import no_file_over

MB = 2**20
LIMIT_MB = 3
HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../taken-in-by-a-test.png"\r\n\r\n'


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with a small limit, so that a test need not send much to exceed it."""
    with running_server(APP, "--server.maxUploadSize", str(LIMIT_MB)) as base:
        yield base


def put(ask: Ask, url: str, where: str, size: int) -> int:
    token = generate_xsrf_token_string()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-Xsrftoken": token}
    headers["Cookie"] = f"_streamlit_xsrf={token}"
    return ask(f"{url}{where}", "PUT", HEAD + bytes(size) + b"\r\n--b--\r\n", headers)[0]


@pytest.fixture
def place(url: str):
    """An address to which an open session may upload."""
    with visit(url) as visitor:
        visitor.open("models")
        yield place_of(visitor)


def place_of(visitor: Visitor) -> str:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = BackMsg()
    message.file_urls_request.request_id = "1"
    message.file_urls_request.file_names.append("a.png")
    message.file_urls_request.session_id = visitor.session
    visitor.socket.send(message.SerializeToString())
    while True:
        data = visitor.socket.recv(timeout=60)
        assert isinstance(data, bytes)
        answer = ForwardMsg.FromString(data)
        if answer.WhichOneof("type") == "file_urls_response":
            return answer.file_urls_response.file_urls[0].upload_url


def test_an_upload_of_the_allowed_size_is_taken(url: str, ask: Ask, place: str):
    assert put(ask, url, place, 1 * MB) == 204


def test_an_upload_needs_no_disk_and_leaves_nothing_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask):
    """Where no file can grow beyond a byte. Streamlit's parser writes more than a megabyte to a temporary file."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with no_file_over(1), running_server(APP) as base, visit(base) as visitor:
        visitor.open("models")
        assert put(ask, base, place_of(visitor), 3 * MB) == 204
    assert not list(tmp_path.iterdir())


def test_a_larger_one_is_refused_by_its_announced_length(url: str, place: str):
    assert b" 413 " in begun(url, place, f"Content-Length: {(LIMIT_MB + 1) * MB}", b"")


def test_a_larger_one_that_announces_no_length_is_cut_off(url: str, place: str):
    chunk = b"100000\r\n" + bytes(MB) + b"\r\n"
    head = b"b8\r\n" + HEAD.ljust(0xB8, b"x") + b"\r\n"
    assert b" 413 " in begun(url, place, "Transfer-Encoding: chunked", head + chunk * (LIMIT_MB + 2))


def begun(url: str, where: str, length: str, body: bytes) -> bytes:
    """The first line of the answer to an upload that is sent until the server has had enough."""
    address, token = urlsplit(url), generate_xsrf_token_string()
    told = ["Host: 127.0.0.1", "Content-Type: multipart/form-data; boundary=b", length]
    told += [f"X-Xsrftoken: {token}", f"Cookie: _streamlit_xsrf={token}"]
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall("\r\n".join([f"PUT {where} HTTP/1.1", *told, "", ""]).encode())
        with suppress(OSError):
            connection.sendall(body)
        return connection.recv(100).split(b"\r\n")[0]


def test_nobody_uploads_into_a_session_that_does_not_exist(url: str, ask: Ask):
    assert put(ask, url, "/_stcore/upload_file/guessed/1", 100) == 400


def test_the_name_of_an_upload_names_no_file_of_the_server(url: str, ask: Ask, place: str):
    """`put` claims to be ../../taken-in-by-a-test.png; uploads stay in memory."""
    assert put(ask, url, place, 100) == 204
    assert not any(
        (Path(folder) / "taken-in-by-a-test.png").exists() for folder in (ROOT, ROOT.parent, ROOT.parent.parent)
    )


def test_a_message_that_is_no_message_ends_the_connection(url: str):
    with visit(url) as visitor:
        visitor.socket.send(b"\xff" * 1000)
        with pytest.raises(ConnectionClosed):
            visitor.socket.recv(timeout=60)
