"""The system's clock may jump: no duration, order of use or end of a visit is taken from it, so nothing that is in use
goes, and no screen tells of less than no time."""

from __future__ import annotations

import ast
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from benchmarks.load import CLASSES
from benchmarks.visitor import Visitor, visit
from dashboard.core import cache_folder
from dashboard.core.cache_folder import keep_within_limit
from tests.browsing import running_server
from xai_core.durable import mark_used, one_writer

ROOT = Path(__file__).resolve().parents[2]
DAY_S = 86_400
PATIENCE_S = 120
WALL = {
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime", "time.ctime"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
TOLD = {  # who tells the time of day, and only tells it
    "dashboard/core/audit_log.py": {"time.strftime", "time.gmtime"},
    "dashboard/mri/opinion.py": {"datetime.now"},
}
AGES = {"st_mtime", "st_mtime_ns", "st_ctime", "st_atime", "getmtime", "getctime"}
COMPARED = {  # who reads the times of files
    "dashboard/core/cache_folder.py": "which result was not used for longest; what is in use stays whatever its time",
    "dashboard/mri/case_copy.py": "whether a folder has changed since: any other time is a change",
    "xai_core/datasets/cheng.py": "the same of files",
    "xai_core/datasets/folder.py": "the same of files",
    "xai_core/datasets/listed.py": "the same of files",
}


def names(path: Path) -> set[str]:
    """What a file reads of modules and objects, as "owner.name" and "name"."""
    found = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)]
    owned = {f"{node.value.id}.{node.attr}" for node in found if isinstance(node.value, ast.Name)}
    return owned | {node.attr for node in found}


def used(of: set[str]) -> dict[str, set[str]]:
    files = [path for part in ("xai_core", "dashboard", "pages", "sightline") for path in (ROOT / part).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): names(path) & of for path in files}
    return {name: what for name, what in found.items() if what}


def test_the_time_of_day_is_told_and_never_reckoned_with() -> None:
    assert used(WALL) == TOLD
    assert set(used(AGES)) == set(COMPARED)
    for path in (ROOT / "dashboard").rglob("*.py"):
        assert "from time import" not in path.read_text("utf-8")


@pytest.mark.parametrize("jump_s", [-DAY_S, DAY_S])
def test_what_is_in_use_stays_whatever_time_it_was_marked_at(
    jump_s: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results that were marked before the clock jumped and those after lie side by side; two are in use."""
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(cache_folder, "cache_limit", lambda: 1)
    folders = [tmp_path / "tables" / (str(number) * 24) for number in range(4)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(bytes(1000))
    marked = mark_used(folders[0])
    with one_writer(folders[1], "busy"):
        for folder in folders[:3]:
            for path in folder.iterdir():
                os.utime(path, (time.time() + jump_s, time.time() + jump_s))
        assert set(keep_within_limit()) == set(folders[2:])
    assert [folder.exists() for folder in folders] == [True, True, False, False]
    assert marked is not None
    marked.close()


WORK, ALL = "model=digits&digit=3&data=digits", "of 1,797 pictures"
SHIFTED = """
import os, time
_real = time.time
def _shift():
    with open(os.environ["CLOCK_SHIFT"]) as file:
        return float(file.read() or 0)
time.time = lambda: _real() + _shift()
time.time_ns = lambda: int(time.time() * 1e9)
"""


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Callable[[float], None]]]:
    """A server, and a way to set its clock, as all of its Python reads it, so many seconds before or after ours."""
    (tmp_path / "sitecustomize.py").write_text(SHIFTED)
    shift = tmp_path / "shift"
    shift.write_text("0")
    monkeypatch.setenv("CLOCK_SHIFT", str(shift))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))

    with running_server(ROOT / "streamlit_app.py") as base:

        def jump(to_s: float) -> None:
            aside = shift.with_suffix(".new")
            aside.write_text(str(to_s))
            os.replace(aside, shift)
            while abs(date_of(base) - time.time() - to_s) > DAY_S / 2:
                time.sleep(0.1)

        yield base, jump


def date_of(base: str) -> float:
    """The time of day that the server has, in seconds since 1970."""
    with urllib.request.urlopen(f"{base}/_stcore/health", timeout=60) as answer:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()


@pytest.mark.slow
def test_visits_and_work_go_on_while_the_clock_jumps(clock: tuple[str, Callable[[float], None]]) -> None:
    base, jump = clock
    with visit(base) as anna, visit(base) as ben:
        ben.open("", "model=imagenet&sample=cat")
        anna.open("units", WORK)  # which begins by itself
        for to_s in (-DAY_S, DAY_S, 0, -DAY_S):
            jump(to_s)
            choices, data = ben.choices(CLASSES)
            wanted = next(item["id"] for item in data["items"] if item["id"] != data["selected"])
            ben.trigger(choices, "choose", wanted)
            assert ben.choices(CLASSES)[1]["selected"] == wanted
            ben.upload("Your own pictures", f"of-{to_s:.0f}.png", (ROOT / "dashboard/static/mark.png").read_bytes())
            seen = told(anna)
            found = re.search(r"[-−]\d[\d.,]*\s?(s|ms|min|h|a second|pictures)\b", seen)
            assert found is None, found
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and ALL not in told(anna):
            anna.open("units", WORK)
            time.sleep(0.5)
        assert "on our side" not in told(anna) + told(ben)
        assert ALL in told(anna)


def told(visitor: Visitor) -> str:
    """The words on the page, without the components' scripts."""
    words = []
    for element in visitor.elements.values():
        kind = element.WhichOneof("type") or ""
        part = getattr(element, kind, None)
        words += [str(getattr(part, name, "")) for name in ("body", "text", "label")]
    return " · ".join(words)
