"""The example of docs/deploy.md, run as it stands there: nginx with TLS in front of a server of ours."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.visitor import Visitor, visit
from dashboard.server.serving import free_port
from tests.browsing import ROOT, running_server

PUBLIC = "sightline.example.org"
SITE = f"https://{PUBLIC}"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on the path of every user
ANSWER_S = 20
FRAME = """{user}daemon off;
pid {folder}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{example}}}
"""


@dataclass(frozen=True)
class Proxied:
    """Both servers under way. app: our server's own address. port: nginx's, with TLS. folder: its logs, our audit.

    under: the path below which the dashboard lives.
    """

    app: str
    port: int
    plain_port: int
    folder: Path
    under: str

    @property
    def browser_rules(self) -> str:
        """Lets a Chromium reach PUBLIC, at the ports of the example."""
        there = ((443, self.port), (80, self.plain_port))
        return "--host-resolver-rules=" + ", ".join(f"MAP {PUBLIC}:{one} 127.0.0.1:{other}" for one, other in there)

    def trusted(self) -> ssl.SSLContext:
        """For clients that reach PUBLIC as 127.0.0.1."""
        context = ssl.create_default_context(cafile=str(self.folder / "sightline.pem"))
        context.check_hostname = False
        return context


class Answer(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def require_nginx() -> str:
    if NGINX is None:
        message = "no nginx found: install nginx-light"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return str(NGINX)


@contextmanager
def proxied(folder: Path, under: str = "", **changed: str) -> Iterator[Proxied]:
    """Our server with the options and the environment of the document, but for the login, and nginx in front of it.

    under: a path to live under, like "/sightline". changed: other values for the environment.
    """
    nginx = require_nginx()
    command, environment = documented_command()
    environment |= {"SIGHTLINE_AUDIT": str(folder / "audit.jsonl"), "SIGHTLINE_REQUIRE_LOGIN": "0"} | changed
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with running_server(ROOT / "streamlit_app.py", *command, under=under) as app:
            there = Proxied(app.removesuffix(under), free_port(), free_port(), folder, under)
            (folder / "nginx.conf").write_text(rendered(there))
            with _running(nginx, there):
                yield there


def documented_command() -> tuple[list[str], dict[str, str]]:
    """The options and the environment that the document gives our server."""
    text = (ROOT / "docs/deploy.md").read_text("utf-8")
    found = re.search(r"```bash\n(SIGHTLINE_READ_ONLY=.*?)```", text, re.S)
    assert found, "docs/deploy.md has no command any more"
    words = shlex.split(found[1].replace("\\\n", " "))
    start = words.index("streamlit_app.py")
    return words[start + 1 :], dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))


def rendered(there: Proxied) -> str:
    """The example with ports, certificate and folders of the test; each must be there to be replaced."""
    found = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/deploy.md").read_text("utf-8"), re.S)
    assert found, "docs/deploy.md has no example any more"
    example = re.sub(r"(location (?:= )?)/", rf"\g<1>{there.under}/", found[1])
    changes = {
        "listen 443 ": f"listen 127.0.0.1:{there.port} ",
        "listen 80;": f"listen 127.0.0.1:{there.plain_port};",
        "/etc/ssl/sightline": str(there.folder / "sightline"),
        "http://127.0.0.1:8501": there.app,
    }
    for old, new in changes.items():
        assert old in example, old
        example = example.replace(old, new)
    user = "user root;\n" if os.geteuid() == 0 else ""  # the test's folder is closed to others
    return FRAME.format(user=user, folder=there.folder, example=example)


@contextmanager
def _running(nginx: str, there: Proxied) -> Iterator[None]:
    _certify(there.folder)
    command = [nginx, "-p", str(there.folder), "-c", "nginx.conf", "-e", str(there.folder / "error.log")]
    subprocess.run([*command, "-t", "-q"], check=True, timeout=ANSWER_S)
    with subprocess.Popen(command) as process:
        try:
            _wait(process, there)
            yield
        finally:
            process.terminate()


def _certify(folder: Path) -> None:
    """A certificate of our own for PUBLIC."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", f"/CN={PUBLIC}", "-addext", f"subjectAltName=DNS:{PUBLIC}", "-days", "2"]
    command += ["-keyout", str(folder / "sightline.key"), "-out", str(folder / "sightline.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=ANSWER_S)


def _wait(process: subprocess.Popen[bytes], there: Proxied) -> None:
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        assert process.poll() is None, (there.folder / "error.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", there.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx did not listen within {ANSWER_S} s")


@contextmanager
def connection_to(there: Proxied) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPSConnection("127.0.0.1", there.port, timeout=60, context=there.trusted())) as one:
        yield one


def requested(there: Proxied, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """What nginx answers to a request of its own connection."""
    told = {"Host": PUBLIC, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with connection_to(there) as connection:
        connection.request(method, path, body or None, told)
        with connection.getresponse() as answer:
            return Answer(answer.status, tuple(answer.getheaders()), answer.read())


def visiting(there: Proxied, **headers: str) -> AbstractContextManager[Visitor]:
    base = f"https://127.0.0.1:{there.port}{there.under}"
    return visit(base, there.trusted(), **{"Host": PUBLIC, "Origin": SITE, **headers})
