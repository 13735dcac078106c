"""Two visitors of one server: the slices of one have addresses that the other is never told, and that lead nowhere once
the visit has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from benchmarks.visitor import Visitor, visit
from tests.browsing import running_server
from tests.security.conftest import APP, Ask

ADDRESS = re.compile(rb"slices/[\w-]{16,}")
WITHIN_S = 90


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that keeps a visit for a second after its last tab has closed, where it is two minutes usually."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with running_server(APP, "--server.disconnectedSessionTTL", "1") as base:
            yield base


def addresses(visitor: Visitor, page: str) -> set[str]:
    """Where the planes of a scan are fetched from, as the page is told."""
    visitor.open(page)
    return {one.decode() for data in visitor.raw for one in ADDRESS.findall(data)}


def answers(ask: Ask, url: str, address: str) -> bool:
    return ask(f"{url}/{address}/0")[0] == 200


def test_what_one_is_told_is_not_told_to_the_other_and_ends_with_the_visit(url: str, ask: Ask):
    with visit(url) as other:
        with visit(url) as anna:
            slices = addresses(anna, "mri")
            assert slices
            assert all(answers(ask, url, one) for one in slices)
            assert not slices & addresses(other, "mri")  # though both have the same scan
        last = time.monotonic() + WITHIN_S
        while any(answers(ask, url, one) for one in slices) and time.monotonic() < last:
            time.sleep(1)
        assert not any(answers(ask, url, one) for one in slices)
