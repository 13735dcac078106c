"""A disk that takes no more is survived with a sentence, in each kind of store, and what it held stays whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import xai_core as xai
from tests.xai_core.embedding.tables import same, some
from tests.xai_core.test_damaged_stores import audit_job
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table
from xai_core.embedding.graph import knn_graph
from xai_core.errors import SightlineError
from xai_core.evaluation.audit.job import audit
from xai_core.features.top_patches import top_patches

resource = pytest.importorskip("resource")


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """The system refuses to let any file of this process grow beyond `size` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stores(folder: Path) -> dict[str, Callable[[], object]]:
    model, few = xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 70)
    return {
        "table": lambda: build_table(model, few, folder=folder),
        "patches": lambda: top_patches(model, few, ["block4"], store=folder),
        "audit": lambda: list(audit(audit_job(), folder)),
    }


@pytest.mark.parametrize("kind", ["table", "patches", "audit"])
def test_a_full_disk_is_a_sentence_and_the_work_goes_on_when_there_is_room(tmp_path: Path, kind: str) -> None:
    work = stores(tmp_path)[kind]
    with no_file_over(3000), pytest.raises(SightlineError, match=r"cannot be written .*; free space or choose another"):
        work()
    assert not list(tmp_path.rglob("*.partial"))
    assert work() is not None


@pytest.mark.parametrize("room", [3000, 9000, 20_000])  # the columns fit, or the vectors too, and the names do not
def test_a_view_that_does_not_fit_is_a_sentence_and_leaves_nothing(tmp_path: Path, room: int) -> None:
    model, few = xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 70)
    table = build_table(model, few, folder=tmp_path)
    shutil.rmtree(table.folder)
    with no_file_over(room), pytest.raises(SightlineError, match="cannot be written"):
        build_table(model, few, folder=tmp_path)
    assert not list(tmp_path.rglob("*view*"))
    assert same(build_table(model, few, folder=tmp_path), build_table(model, few))


def test_what_is_derived_is_not_kept_on_a_full_disk_and_nobody_hears_of_it(tmp_path: Path) -> None:
    model, few = xai.load_model("digits", device="cpu"), some(open_dataset("digits"), 70)
    table = build_table(model, few, folder=tmp_path)
    with no_file_over(100):
        graph = knn_graph(table, 10)
    assert not list(table.folder.glob("graph*"))
    np.testing.assert_array_equal(knn_graph(table, 10).rows, graph.rows)
