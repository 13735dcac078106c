"""A server as others would meet it, and ways to speak to it that no browser allows."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.browsing import ROOT

APP = ROOT / "streamlit_app.py"
Ask = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="session")
def url(sightline: str) -> str:
    """A server as the repository configures it."""
    return sightline


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
