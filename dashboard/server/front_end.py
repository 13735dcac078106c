"""Streamlit's own scripts, sooner: from memory, and those that the first screen loads late are named with the page."""

import re
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(st.__file__).parent / "static"
SCRIPTS = "/static/js/"
# The elements of the first screen. Streamlit asks for the script of each when the first of its kind is to be drawn.
ELEMENTS = ("Html", "BidiComponent", "FileUploader", "Selectbox", "Checkbox", "ButtonGroup", "DownloadButton")
_IMPORT = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')


class FrontEnd:
    """ASGI middleware. A script's name holds its digest, so it never changes and a browser may keep it for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        name = scope["path"].rpartition(SCRIPTS)[2]
        if SCRIPTS in scope["path"] and name in self.scripts:
            return await _send_script(script(name), send)

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message["headers"] = [*message["headers"], (b"link", self.links)]
            await send(message)

        return await self.app(scope, receive, send_with_links)

    @cached_property
    def scripts(self) -> frozenset[str]:
        return frozenset(path.name for path in (STATIC / "static/js").glob("*.js"))

    @cached_property
    def links(self) -> bytes:
        """The Link header (RFC 8288) that lets the browser fetch the elements' scripts with the first ones."""
        return ", ".join(f"<.{SCRIPTS}{name}>; rel=modulepreload; crossorigin" for name in late_scripts()).encode()


def late_scripts() -> list[str]:
    """The scripts of ELEMENTS and all that these import, without those that the page itself names."""
    named = set(re.findall(r"([\w.-]+\.js)\"", (STATIC / "index.html").read_text(encoding="utf-8")))
    wanted = [path.name for element in ELEMENTS for path in (STATIC / "static/js").glob(f"{element}.*.js")]
    for name in wanted:  # which grows
        wanted += sorted({*_IMPORT.findall(script(name).decode())} - {*wanted})
    return [name for name in wanted if name not in named]


@cache
def script(name: str) -> bytes:
    return (STATIC / "static/js" / name).read_bytes()


def _is_page(message: Message) -> bool:
    return any(key.lower() == b"content-type" and value.startswith(b"text/html") for key, value in message["headers"])


async def _send_script(body: bytes, send: Send) -> None:
    headers: list[Any] = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"public, immutable, max-age=31536000"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
