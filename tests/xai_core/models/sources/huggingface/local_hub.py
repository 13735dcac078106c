"""A hub on 127.0.0.1 that plays the real one: what it has of a model, and the files, in good order and in bad."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(eq=False)
class Hub:
    """models: {name: {file: bytes}}. asked: the paths that were asked for. other: what comes instead."""

    models: Mapping[str, Mapping[str, bytes]]
    asked: list[str] = field(default_factory=list)
    other: dict[str, bytes] = field(default_factory=dict)
    address: str = ""

    def answer(self, path: str) -> bytes | None:
        for name, files in self.models.items():
            if path == f"/api/models/{name}?blobs=true":
                return json.dumps(self._told(files)).encode()
            for file, content in files.items():
                if path == f"/{name}/resolve/{REVISION}/{file}":
                    return self.other.get(file, content)
        return None

    def _told(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        for entry in siblings:
            if entry["rfilename"] == "model.safetensors":
                data = files["model.safetensors"]
                entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        return {"sha": REVISION, "siblings": siblings, "cardData": {"license": "apache-2.0"}}


@contextmanager
def serving(models: Mapping[str, Mapping[str, bytes]]) -> Iterator[Hub]:
    hub = Hub(models)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked.append(self.path)
            body = hub.answer(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
