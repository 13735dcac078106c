"""A map on the disk is the one that was asked for, of exactly this table, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xai_core as xai
from tests.xai_core.embedding.tables import some, write_folder, write_image
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table
from xai_core.embedding.projection import Projection
from xai_core.embedding.stored_map import keep_map, stored_map
from xai_core.embedding.tsne import tsne_map
from xai_core.errors import NotApplicable
from xai_core.types import FeatureTable

ASKED = {"method": "t-sne", "dims": 2, "seed": 0}


@pytest.fixture
def table(tmp_path: Path) -> FeatureTable:
    return build_table(xai.load_model("digits"), some(open_dataset("digits"), 64), folder=tmp_path / "tables")


def files(table: FeatureTable) -> list[Path]:
    return sorted(table.folder.glob("map-*"))


def test_a_map_comes_back_as_it_was_and_places_as_before(table: FeatureTable) -> None:
    assert stored_map(table, ASKED) is None
    made = tsne_map(table)
    keep_map(table, ASKED, made)
    found = stored_map(table, ASKED)
    np.testing.assert_array_equal(found.points, made.points)
    assert (found.method, found.settings) == (made.method, made.settings)
    np.testing.assert_array_equal(found.place(table.vectors[:2] + 1), made.place(table.vectors[:2] + 1))
    assert stored_map(table, ASKED | {"seed": 1}) is None


def test_a_map_of_umap_says_that_it_can_place_nothing(table: FeatureTable) -> None:
    keep_map(table, ASKED, Projection("umap", np.zeros((64, 2), np.float32), lambda vectors: vectors))
    with pytest.raises(NotApplicable, match="can place no new pictures; draw it again"):
        stored_map(table, ASKED).place(table.vectors[:1])


@pytest.mark.parametrize("damage", ["cut", "empty", "other rows"])
def test_a_damaged_map_is_none(table: FeatureTable, damage: str) -> None:
    points = np.zeros((63 if damage == "other rows" else 64, 2), np.float32)
    keep_map(table, ASKED, Projection("t-sne", points, lambda vectors: vectors))
    (file,) = files(table)
    if damage != "other rows":
        file.write_bytes(file.read_bytes()[: -40 if damage == "cut" else 0])
    assert stored_map(table, ASKED) is None


def test_a_map_of_other_pictures_is_never_shown(tmp_path: Path) -> None:
    root, model = write_folder(tmp_path / "data", 20), xai.load_model("digits")
    before = build_table(model, open_dataset(root), folder=tmp_path / "tables")
    keep_map(before, ASKED, tsne_map(before))
    assert stored_map(build_table(model, open_dataset(root), folder=tmp_path / "tables"), ASKED) is not None
    write_image(root / "a" / "0000.png", 77)
    after = build_table(model, open_dataset(root), folder=tmp_path / "tables")
    assert len(after) == len(before)
    assert stored_map(after, ASKED) is None


def test_a_table_in_memory_keeps_no_map() -> None:
    table = build_table(xai.load_model("digits"), some(open_dataset("digits"), 10))
    keep_map(table, ASKED, tsne_map(table))
    assert stored_map(table, ASKED) is None
