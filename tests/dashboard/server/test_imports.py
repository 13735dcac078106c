"""Pages that import at the same time do not stop each other."""

from __future__ import annotations

import sys
import time
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from dashboard.app import PAGES, ROOT
from dashboard.server.imports import import_for

NAME = "slow_package_of_a_test"


class SlowLoader(SourceFileLoader):
    """Takes its time before the package can be seen, as a busy machine does; says when it has begun."""

    begun = Event()

    def create_module(self, _spec: ModuleSpec) -> None:
        self.begun.set()
        time.sleep(0.3)


def test_a_package_and_a_module_of_it_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The module waits for its package, which then wants the module: Python 3.11 gives one up with _DeadlockError."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "__init__.py").write_text(f"import {NAME}.module\n")
    (tmp_path / NAME / "module.py").write_text("")
    (tmp_path / "one.py").write_text(f"import {NAME}\n")
    (tmp_path / "other.py").write_text(f"import {NAME}.module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    slow = spec_from_loader(NAME, SlowLoader(NAME, str(tmp_path / NAME / "__init__.py")))
    finder = SimpleNamespace(find_spec=lambda name, *_: slow if name == NAME else None)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    done: list[str] = []

    def run(name: str) -> None:
        import_for(tmp_path / name)
        done.append(name)

    threads = [Thread(target=run, args=(name,)) for name in ("one.py", "other.py")]
    threads[0].start()
    assert SlowLoader.begun.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["one.py", "other.py"]


@pytest.mark.parametrize("screen", PAGES, ids=lambda screen: screen.name)
def test_the_imports_of_each_page_stand_alone(screen, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboard.server.imports._done", done := set())  # another test may have opened the page
    script = ROOT / "pages" / f"{screen.name}.py"
    import_for(script)
    assert done == {script}
