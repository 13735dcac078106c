"""A server on 127.0.0.1 that plays the weights' host, in good order and in bad."""

import hashlib
import http.server
import os
import socket
import threading
from contextlib import contextmanager

from xai_core.types import Download

N_BYTES = 700_001
CONTENT = os.urandom(N_BYTES)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Host(http.server.BaseHTTPRequestHandler):
    """The path chooses the behaviour: /good, /moved, /missing, /short, /long, /broken, /slow, /silent."""

    def do_GET(self):
        self.server.requests.append(self.path)
        behaviour = self.path.split("/")[1]
        if behaviour == "missing":
            return self.send_error(404)
        if behaviour == "moved":
            self.send_response(302)
            self.send_header("Location", self.path.replace("moved", "good"))
            return self.end_headers()
        body = {"short": CONTENT[:1000], "long": CONTENT * 2}.get(behaviour, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.send_body(behaviour, body)

    def send_body(self, behaviour, body):
        if behaviour == "broken":
            self.wfile.write(body[:300_000])
            return self.connection.shutdown(socket.SHUT_RDWR)
        if behaviour in ("slow", "silent"):
            self.wfile.write(body[:300_000])
            self.wfile.flush()
            self.server.may_go_on.wait(10)
            body = body[300_000:]
        try:
            return self.wfile.write(body)
        except OSError:
            return None  # the client went away, as several tests want it to

    def log_message(self, *_args):
        pass


@contextmanager
def serving():
    """A running server; `requests` are the paths asked for, `may_go_on` lets /slow and /silent answers go on."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.daemon_threads = True
    server.requests, server.may_go_on = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.may_go_on.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def offer(host, behaviour="good", *, size=N_BYTES, sha256=SHA256):
    return Download(f"http://127.0.0.1:{host.server_port}/{behaviour}/net-{SHA256[:8]}.pth?v=1", size, sha256[:8])


def files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
