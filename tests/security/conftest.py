"""A server as others would meet it, and ways to speak to it that no browser allows."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browsing import running_server

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "streamlit_app.py"
Ask = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as the repository configures it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with running_server(APP) as base:
            yield base


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(url, method=..., data=..., headers=...)`: the status and the body of the answer, whatever it is."""

    def ask(url: str, method: str = "GET", data: bytes | None = None, headers: dict[str, str] | None = None):
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    return ask
