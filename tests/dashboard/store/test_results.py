from unittest.mock import sentinel

import pytest

from dashboard.store import results


def test_a_result_is_made_once_and_the_store_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(results, "MAX_RESULTS", 2)
    results._store.clear()
    made = []

    def get(name: str) -> object:
        return results.get_or_make(name, lambda: made.append(name) or getattr(sentinel, name))

    assert get("a") is sentinel.a
    get("b")
    assert get("a") is sentinel.a
    get("c")  # "b" was used least recently
    get("b")
    assert made == ["a", "b", "c", "b"]
    results._store.clear()


def test_nothing_is_kept_of_a_computation_that_was_stopped():
    def stopped() -> None:
        raise KeyError("stopped")

    with pytest.raises(KeyError):
        results.get_or_make("x", stopped)  # type: ignore[arg-type]
    assert results.get_or_make("x", lambda: sentinel.x) is sentinel.x
    results._store.clear()
