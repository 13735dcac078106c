from collections.abc import Iterator

import numpy as np
import pytest

from dashboard.core import results


@pytest.fixture(autouse=True)
def store() -> Iterator[None]:
    results._kept.clear()
    yield
    results._kept.clear()


def test_a_result_is_made_once_and_the_store_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SIGHTLINE_MAP_MEMORY_MB", "2")
    made = []

    def get(name: str) -> np.ndarray:
        return results.get_or_make(name, lambda: made.append(name) or np.zeros(900_000, np.uint8))

    first = get("a")
    get("b")
    assert get("a") is first
    get("c")  # "b" was used least recently
    get("b")
    assert made == ["a", "b", "c", "b"]


def test_nothing_is_kept_of_a_computation_that_was_stopped():
    def stopped() -> None:
        raise KeyError("stopped")

    with pytest.raises(KeyError):
        results.get_or_make("x", stopped)
    assert results.get_or_make("x", lambda: "whole") == "whole"
