"""Every file that writes to the disk, on one that is full and on one that is read-only: what it was asked for is done
without being kept, or refused in one sentence, and what lay there before stays whole.

A new writer fails the first test here until a line below says how it is tried.
"""

from __future__ import annotations

import ast
import errno
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import xai_core as xai
from dashboard.bench import audit as bench_audit
from dashboard.core import audit_log, cache_folder
from dashboard.server import serving
from tests.xai_core.embedding.tables import some
from tests.xai_core.test_damaged_stores import audit_job
from tests.xai_core.test_full_disk import no_file_over
from xai_core.datasets import open_dataset, published
from xai_core.embedding.build import build_table
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.pca import pca_map
from xai_core.embedding.stored_map import keep_map
from xai_core.errors import SightlineError
from xai_core.evaluation.audit.job import audit
from xai_core.features.top_patches import top_patches
from xai_core.models import download
from xai_core.models.sources.own_folder import VARIABLE, save_to_folder
from xai_core.types import Download, FeatureTable

ROOT = Path(__file__).resolve().parents[2]
CODE = ("xai_core", "dashboard", "pages", "sightline")
DURABLE = {"write_file", "replace_file", "write_sealed", "keep", "one_writer", "mark_used", "passing_folder"}
WRITES = {
    *("mkdir", "makedirs", "write_text", "write_bytes", "touch", "rename", "symlink_to", "copyfile", "copytree"),
    *("TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile", "mkdtemp", "mkstemp", "save_file", "open_memmap"),
    *("np.save", "sqlite3.connect", "os.replace"),
}
ELSEWHERE = {
    "xai_core/durable.py": "the one writer itself: tests/xai_core/test_full_disk.py",
    "dashboard/mri/case_copy.py": "marks as used what another wrote; `mark_used` gives None where it cannot",
    "dashboard/server/served.py": "two empty files in the folder of dashboard/server/serving.py, whose sender waits",
    "xai_core/models/sources/checkpoint/architectures.py": "writes a file of the repository, when a developer asks",
}
REFUSED = r"cannot be written|could not be|cannot be downloaded|disk|No folder can be written|No temporary files"


def calls(path: Path) -> Iterator[str]:
    """The names of the calls in a file that write."""
    tree = ast.parse(path.read_text("utf-8"))
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "xai_core.durable"]
    taken = {alias.name for found in imports for alias in found.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        of = node.func
        name = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
        owner = of.value.id if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) else ""
        modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        opened = name == "open" and any(set(m) & set("wax+") and set(m) <= set("rwaxbt+") for m in modes)
        if opened or name in WRITES or name in DURABLE & taken or f"{owner}.{name}" in WRITES:
            yield name


def writers() -> set[str]:
    files = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    return {str(path.relative_to(ROOT)) for path in files if any(calls(path))}


@dataclass(frozen=True)
class Tried:
    """prepare(folder) is done on a good disk and gives the work, which is then done on a bad one.

    refuses: whether the work is refused in a sentence; else it is done all the same."""

    prepare: Callable[[Path, pytest.MonkeyPatch], Callable[[], object]]
    refuses: bool


def table(folder: Path) -> FeatureTable:
    return build_table(xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 70), folder=folder)


def _table(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    return lambda: table(folder)


def _in_memory(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr("tempfile.tempdir", str(folder))
    return lambda: build_table(xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 70))


def _view(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    shutil.rmtree(table(folder).folder or "")
    return lambda: table(folder)


def _graph(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    made = table(folder)
    return lambda: knn_graph(made, 10)


def _index(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    made = table(folder)
    return lambda: xai.open_index(made, "cosine")


def _approximate(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    made = table(folder)
    return lambda: xai.open_index(made, "cosine", exact=False)


def _map(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    made = table(folder)
    points = pca_map(made, 2)
    return lambda: [keep_map(made, {"method": "pca"}, points), points][1]


def _patches(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    few = some(open_dataset("digits"), 70)
    return lambda: top_patches(xai.load_model("digits", device="cpu"), few, ["block4"], store=folder)


def _audit(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    return lambda: list(audit(audit_job(), folder))


def _published(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr(published, "pieces", lambda _address: (bytes(4096) for _ in range(3)))
    return lambda: published.download_published("cifar-10", folder)


def _weights(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr(download, "pieces", lambda _address, _timeout: (bytes(4096) for _ in range(3)))
    patch.setattr(download, "_checkpoints", lambda: str(folder / "checkpoints"))
    return lambda: download.fetch(Download("https://localhost/weights.pth", 3 * 4096, ""))


def _models_folder(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setenv(VARIABLE, str(folder))
    return lambda: save_to_folder(xai.load_model("digits", device="cpu"))


def _audit_log(folder: Path, _patch: pytest.MonkeyPatch) -> Callable[[], object]:
    (folder / "audit").write_text("kept\n")
    return lambda: [audit_log._write(str(folder / "audit"), "x" * 9000), "done"][1]


def _cache(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setenv("SIGHTLINE_CACHE", str(folder / "cache"))
    return lambda: cache_folder.cache_folder("tables")


def _passing(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr("tempfile.tempdir", str(folder))
    bench_audit._passing.clear()

    def work() -> str:
        own = bench_audit._passing()
        own.cleanup()
        bench_audit._passing.clear()
        return own.name

    return work


def _serve(folder: Path, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr("tempfile.tempdir", str(folder))
    return lambda: serving.serve(xai.load_model("digits", device="cpu"))


TRIED: dict[str, Tried] = {
    "xai_core/embedding/store.py": Tried(_table, refuses=True),
    "xai_core/embedding/build.py": Tried(_in_memory, refuses=True),
    "xai_core/embedding/view.py": Tried(_view, refuses=True),
    "xai_core/embedding/graph.py": Tried(_graph, refuses=False),
    "xai_core/embedding/neighbours.py": Tried(_index, refuses=False),
    "xai_core/embedding/approximate.py": Tried(_approximate, refuses=False),
    "xai_core/embedding/stored_map.py": Tried(_map, refuses=False),
    "xai_core/features/top_patches.py": Tried(_patches, refuses=True),
    "xai_core/evaluation/audit/job.py": Tried(_audit, refuses=True),
    "xai_core/datasets/published.py": Tried(_published, refuses=True),
    "xai_core/models/download.py": Tried(_weights, refuses=True),
    "xai_core/models/sources/own_folder.py": Tried(_models_folder, refuses=True),
    "dashboard/core/audit_log.py": Tried(_audit_log, refuses=False),
    "dashboard/core/cache_folder.py": Tried(_cache, refuses=True),
    "dashboard/bench/audit.py": Tried(_passing, refuses=True),
    "dashboard/server/serving.py": Tried(_serve, refuses=True),
}
ONLY_FOLDERS = ("dashboard/core/cache_folder.py", "dashboard/bench/audit.py")  # which a full disk may still make


def test_each_file_that_writes_is_tried_here() -> None:
    assert writers() == {*TRIED, *ELSEWHERE}


READ_ONLY: list[Path] = []


def _refuse(event: str, given: tuple[object, ...]) -> None:
    """As a file system that is mounted read-only; unlike a folder's permissions it holds for root too."""
    if not READ_ONLY or event not in ("open", "os.mkdir", "os.rename", "os.remove", "sqlite3.connect"):
        return
    writes = event != "open" or (isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    place = given[0]
    if writes and isinstance(place, (str, bytes, os.PathLike)):
        at = Path(os.fsdecode(place)).absolute()
        if any(root == at or root in at.parents for root in READ_ONLY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(at))


sys.addaudithook(_refuse)


@contextmanager
def full(_folder: Path) -> Iterator[None]:
    with no_file_over(100):
        yield


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    READ_ONLY.append(folder)
    try:
        yield
    finally:
        READ_ONLY.clear()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("bad", [full, read_only], ids=["full", "read-only"])
@pytest.mark.parametrize("file", TRIED)
def test_a_disk_that_refuses(
    file: str,
    bad: Callable[[Path], contextmanager[None]],  # type: ignore[valid-type]
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = TRIED[file]
    work = tried.prepare(tmp_path, monkeypatch)
    before = content(tmp_path)
    if tried.refuses and not (bad is full and file in ONLY_FOLDERS):
        with bad(tmp_path), pytest.raises(SightlineError, match=REFUSED) as refused:
            work()
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 300 + len(str(tmp_path))
    else:
        with bad(tmp_path), caplog.at_level(logging.ERROR):
            assert work() is not None
    after = content(tmp_path)
    assert {name: after.get(name) for name in before if name.rpartition("/")[2] not in ("lock", "used")} == {
        name: data for name, data in before.items() if name.rpartition("/")[2] not in ("lock", "used")
    }
    assert not [name for name in after if name.endswith(".partial")]
