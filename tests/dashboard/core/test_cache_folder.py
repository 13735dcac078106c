"""The folder of results keeps within its limit: the longest unused go, what is in use and what is not ours stays."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

import xai_core as xai
from dashboard.core import cache_folder
from dashboard.core.cache_folder import keep_within_limit
from tests.xai_core.embedding.tables import same, some
from xai_core.datasets import open_dataset
from xai_core.durable import mark_used, one_writer
from xai_core.embedding.build import build_table, stored_table

NAMES = {"tables": "0" * 24, "patches": "1" * 64, "audits": "2" * 32, "sets": "cifar-10"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    return tmp_path


def limit(patch: pytest.MonkeyPatch, size: int) -> None:
    patch.setattr(cache_folder, "cache_limit", lambda: size)


def result(cache: Path, area: str, name: str, age: int) -> Path:
    """A result of 1000 bytes that was used so many seconds after the year 1970."""
    folder = cache / area / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_bytes(b"x" * 1000)
    os.utime(folder / "deep" / "file", (age, age))
    return folder


def test_the_longest_unused_go_whatever_they_are(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [result(cache, area, name, age) for age, (area, name) in enumerate(NAMES.items(), 1)]
    limit(monkeypatch, 4000)
    assert keep_within_limit() == []
    limit(monkeypatch, 2500)
    assert keep_within_limit() == folders[:2]
    assert [folder.exists() for folder in folders] == [False, False, True, True]
    limit(monkeypatch, 1)
    keep_within_limit()
    assert not any(folder.exists() for folder in folders)
    assert sorted(path.name for path in cache.iterdir()) == sorted(NAMES)
    assert not [path for area in NAMES for path in (cache / area).iterdir()]


def test_what_is_written_or_in_use_stays_and_goes_afterwards(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, used, free = (result(cache, "tables", f"{n}" * 24, n) for n in (1, 2, 3))
    limit(monkeypatch, 1)
    with one_writer(written, "busy"), mark_used(used):
        assert keep_within_limit() == [free]
    limit(monkeypatch, 1500)
    assert keep_within_limit() == [written] or keep_within_limit() == [used]
    limit(monkeypatch, 1)
    assert len(keep_within_limit()) == 1


def test_what_is_not_ours_is_left_alone(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        result(cache, "tables", "my tables", 1),
        result(cache, "sets", "holiday", 1),
        result(cache, "own", "0" * 24, 1),
    ]
    limit(monkeypatch, 1)
    assert keep_within_limit() == []
    assert all(folder.exists() for folder in others)


def test_an_open_table_stays_until_nobody_reads_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, few = xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 20)
    build_table(model, few, folder=cache / "tables")
    table = stored_table(model, few, None, cache / "tables")
    limit(monkeypatch, 1)
    gc.collect()
    assert keep_within_limit() == []
    assert len(tuple(table.names)) == 20
    del table
    gc.collect()
    assert len(keep_within_limit()) == 1
    assert stored_table(model, few, None, cache / "tables") is None
    assert same(build_table(model, few, folder=cache / "tables"), build_table(model, few))
