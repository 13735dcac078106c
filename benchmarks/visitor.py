"""A visitor without a browser: speaks Streamlit's own protocol, so that many can click at once on few cores."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.DownloadButton_pb2 import DownloadButton
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{id}__events"
LARGEST = 256 * 1024**2


@dataclass(eq=False)
class Visitor:
    """An open page. elements: what stands on it, by its place. received: bytes since the last action."""

    socket: ClientConnection
    base: str
    query: str = ""
    page_hash: str = ""
    session: str = ""
    elements: dict[tuple[int, ...], Element] = field(default_factory=dict)
    received: int = 0
    raw: list[bytes] = field(default_factory=list)
    _known: dict[str, ForwardMsg] = field(default_factory=dict)
    _state: dict[str, WidgetState] = field(default_factory=dict)

    def open(self, page: str = "", query: str = "", wait_s: float = 120) -> None:
        """Go to a page by its name, as a fresh address, and wait until it is drawn."""
        self.query, self.page_hash = query, ""
        self._run(page, None, wait_s)

    def trigger(self, component: BidiComponent, event: str, value: object, wait_s: float = 120) -> float:
        """What a click in one of our components sends; gives the seconds until the page is drawn."""
        self._state.setdefault(component.id, WidgetState(id=component.id, json_value="{}"))
        told = WidgetState(id=TRIGGER.format(id=component.id))
        told.json_trigger_value = json.dumps([{"event": event, "value": value}])
        return self._run("", told, wait_s)

    def press(self, label: str, wait_s: float = 120) -> float:
        """Click a button by its label."""
        found = next(e.button for e in self.elements.values() if e.HasField("button") and e.button.label == label)
        return self._run("", WidgetState(id=found.id, trigger_value=True), wait_s)

    def select(self, label: str, option: int, wait_s: float = 120) -> float:
        """Take the option of this number in a list of this label."""
        found = next(
            e.selectbox for e in self.elements.values() if e.HasField("selectbox") and e.selectbox.label == label
        )
        return self._run("", WidgetState(id=found.id, string_value=found.options[option]), wait_s)

    def upload(self, label: str, name: str, data: bytes, wait_s: float = 120) -> float:
        """Give a file to the uploader whose label begins so, as a browser does; gives the seconds until the page is
        drawn."""
        found = next(
            e.file_uploader
            for e in self.elements.values()
            if e.HasField("file_uploader") and e.file_uploader.label.startswith(label)
        )
        began = time.monotonic()
        places = self._upload_place(name, began + wait_s)
        _put(f"{self.base}{places.upload_url}", name, data, wait_s)
        told = WidgetState(id=found.id)
        told.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(data), file_id=places.file_id, file_urls=places
        )
        self._run("", told, wait_s)
        return time.monotonic() - began

    def _upload_place(self, name: str, deadline: float) -> FileURLs:
        """Where the server takes a file of this visit."""
        message = BackMsg()
        message.file_urls_request.request_id = name
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session
        return self._answer(message, "file_urls_response", deadline).file_urls_response.file_urls[0]

    def downloads(self) -> dict[str, DownloadButton]:
        """The buttons on the page by which a file is taken along, by their labels."""
        found = [e.download_button for e in self.elements.values() if e.HasField("download_button")]
        return {button.label: button for button in found}

    def place_of(self, button: DownloadButton, wait_s: float = 120) -> str:
        """The address of the file behind a button, which is made now; "" where the server refuses."""
        if not button.HasField("deferred_file_id"):
            return f"{self.base}{button.url}"
        message = BackMsg()
        message.backend_operation_request.request_id = button.deferred_file_id
        message.backend_operation_request.session_id = self.session
        message.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        answer = self._answer(message, "backend_operation_response", time.monotonic() + wait_s)
        url = answer.backend_operation_response.deferred_file.url
        return f"{self.base}{url}" if url else ""

    def _answer(self, message: BackMsg, kind: str, deadline: float) -> ForwardMsg:
        """Ask for something beside the page, and wait for the answer."""
        self.socket.send(message.SerializeToString())
        while True:
            data = self.socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            assert isinstance(data, bytes)
            answer = ForwardMsg.FromString(data)
            if answer.WhichOneof("type") == kind:
                return answer

    def components(self, name: str) -> Iterator[BidiComponent]:
        """Our components of this name on the page, from top to bottom."""
        for _, element in sorted(self.elements.items()):
            if element.HasField("bidi_component") and element.bidi_component.component_name.endswith(name):
                yield element.bidi_component

    def choices(self, label: str) -> tuple[BidiComponent, dict[str, Any]]:
        """A group of choices by its label, with its data."""
        for component in self.components("sightline_choices"):
            data = json.loads(component.json)
            if data["label"] == label:
                return component, data
        raise LookupError(f"no choices {label!r} on the page")

    def _run(self, page: str, told: WidgetState | None, wait_s: float) -> float:
        message = BackMsg()
        client = message.rerun_script
        client.query_string, client.page_name, client.page_script_hash = self.query, page, self.page_hash
        client.cached_message_hashes.extend(self._known)
        client.widget_states.widgets.extend(self._state.values())
        if told is not None:
            client.widget_states.widgets.append(told)
        self.received, started = 0, time.monotonic()
        self.raw.clear()
        self.socket.send(message.SerializeToString())
        while not self._finished(started + wait_s):
            pass
        return time.monotonic() - started

    def _finished(self, deadline: float) -> bool:
        """Take one message in; whether it was the last of the run."""
        data = self.socket.recv(timeout=max(0.0, deadline - time.monotonic()))
        assert isinstance(data, bytes)
        self.received += len(data)
        self.raw.append(data)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            place = message.metadata
            message = self._known[message.ref_hash]
            message.metadata.CopyFrom(place)
            kind = message.WhichOneof("type")
        elif message.metadata.cacheable and message.hash:
            self._known[message.hash] = message
        if kind == "delta" and message.delta.HasField("new_element"):
            self.elements[tuple(message.metadata.delta_path)] = message.delta.new_element
        elif kind == "new_session":
            if message.new_session.page_script_hash != self.page_hash:
                self.elements.clear()
            self.page_hash = message.new_session.page_script_hash
            self.session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash  # only now is the page known that the address named
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        return kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


@contextmanager
def visit(base: str, tls: ssl.SSLContext | None = None, **headers: str) -> Iterator[Visitor]:
    """A connection to the server at `base`, with the headers of a browser that came from there, or those given.

    tls: whom to trust, where `base` is https. token: the one that goes with the cookie against cross-site requests.
    """
    address, origin = urlsplit(base), headers.pop("Origin", base.rstrip("/"))
    protocols = ["streamlit", *filter(None, [headers.pop("token", "")])]
    host = headers.pop("Host", address.netloc)
    with connect(
        f"{'wss' if tls else 'ws'}://{host}{address.path}/_stcore/stream",
        sock=socket.create_connection((address.hostname or "", address.port or 80)),
        ssl=tls,
        additional_headers=headers,
        origin=Origin(origin),
        subprotocols=[Subprotocol(one) for one in protocols],
        max_size=LARGEST,
        compression=None,
    ) as connection:
        yield Visitor(connection, base.rstrip("/"))


def _put(url: str, name: str, data: bytes, wait_s: float) -> None:
    """Send a file as a browser's form does, with the token against cross-site requests in cookie and header."""
    token = generate_xsrf_token_string()
    head = f'--b\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-Xsrftoken": token}
    headers["Cookie"] = f"_streamlit_xsrf={token}"
    request = urllib.request.Request(url, head + data + b"\r\n--b--\r\n", headers, method="PUT")
    with urllib.request.urlopen(request, timeout=wait_s):
        pass


def heat_of(component: BidiComponent) -> tuple[dict[str, Any], np.ndarray]:
    """The header of a viewer's payload, and its map float32 (rows, cols)."""
    payload = component.bytes
    (length,) = struct.unpack_from("<I", payload)
    header = json.loads(payload[4 : 4 + length])
    offset, size = header["blobs"]["map"]
    start = 4 + length + offset
    values = np.frombuffer(payload[start : start + size], "<f4")
    return header, values.reshape(header["heat"]["rows"], header["heat"]["cols"])
