"""The audit: records by hand, shortcut probes that catch the cheat and spare the honest, kills, exports."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xai_core as xai
from xai_core.datasets.dataset import Dataset, DatasetItem
from xai_core.errors import ImageError, SightlineError
from xai_core.evaluation.audit import job as audit_job
from xai_core.evaluation.audit.examine import object_of
from xai_core.evaluation.audit.job import AuditJob, Progressed, audit, stored_audit
from xai_core.evaluation.audit.record import (
    GRID,
    Probe,
    Record,
    as_csv,
    as_html,
    confident_mistakes,
    least_steady,
    mean_maps,
    most_outside,
    probe,
)
from xai_core.evaluation.planted.network import World, planted_model, scenes
from xai_core.evaluation.planted.scene import Scene
from xai_core.images.digest import array_digest
from xai_core.models.preprocess import prepare
from xai_core.render.place import resample
from xai_core.types import SourceImage


def dataset_of(made: Sequence[Scene], names: Sequence[str], broken: int | None = None) -> Dataset:
    """Scenes as a data set; the picture number `broken` cannot be read."""

    def read(item: str) -> SourceImage:
        if int(item) == broken:
            raise ImageError("This picture is damaged.")
        pixels = made[int(item)].pixels
        return SourceImage(pixels, item, "photograph", array_digest(pixels))

    items = tuple(DatasetItem(str(i), scene.label) for i, scene in enumerate(made))
    digest = array_digest(np.stack([scene.pixels for scene in made]))
    return Dataset("planted", items, tuple(names), digest, read)


def audited(world: World, count: int, store: Path) -> tuple[AuditJob, Progressed]:
    model = planted_model(world)
    names = model.config.class_names
    made = scenes(world, "test", count, seed=600)
    requested = AuditJob(model, dataset_of(made, names), "block4", tuple(range(len(names))))
    *_, last = audit(requested, store)
    return requested, last


@pytest.fixture(scope="module")
def cheat(tmp_path_factory: pytest.TempPathFactory) -> Progressed:
    return audited("marked", 48, tmp_path_factory.mktemp("cheat"))[1]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Progressed:
    return audited("shapes", 48, tmp_path_factory.mktemp("honest"))[1]


def test_the_cheat_is_caught_by_the_border_only_copy_and_the_honest_network_is_not(
    cheat: Progressed, honest: Progressed
):
    caught, spared = (probe(p.records, lambda r: r.border) for p in (cheat, honest))
    assert caught is not None
    assert spared is not None
    assert (caught.level, spared.level) == ("caught", "no")
    assert caught.right > 0.9
    assert caught.whole > 0.95
    assert spared.whole > 0.8
    again = probe(cheat.records, lambda r: r.background)
    assert again is not None
    assert again.level == "caught"


def test_the_maps_of_the_cheat_lie_in_the_frame_and_of_the_honest_network_not(cheat: Progressed, honest: Progressed):
    beside, on = (np.mean([r.outside / r.area for r in p.records if not r.empty]) for p in (cheat, honest))
    assert beside > on
    corners = np.mean(
        [np.array(r.map).reshape(GRID, GRID)[[0, 0, -1, -1], [0, -1, 0, -1]].max() for r in cheat.records]
    )
    assert corners > 0.5


def test_a_killed_audit_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    requested, whole = audited("marked", 20, tmp_path / "whole")
    with closing(audit(requested, tmp_path / "broken")) as states:
        next(states)
        assert next(states).done == audit_job.BATCH
    assert stored_audit(requested, tmp_path / "broken").done == audit_job.BATCH
    seen: list[int] = []
    real = audit_job._batch
    monkeypatch.setattr(audit_job, "_batch", lambda j, indices: seen.extend(indices) or real(j, indices))
    *_, again = audit(requested, tmp_path / "broken")
    assert seen == list(range(audit_job.BATCH, 20))
    assert again == whole


def test_a_damaged_file_of_the_store_is_made_again(tmp_path: Path):
    requested, whole = audited("marked", 20, tmp_path)
    (second,) = (tmp_path / requested.key).glob(f"batch-{audit_job.BATCH:08d}.json")
    second.write_text("{", encoding="utf-8")
    assert stored_audit(requested, tmp_path).done == audit_job.BATCH
    *_, again = audit(requested, tmp_path)
    assert again == whole


def test_a_second_writer_is_refused_and_another_layer_is_another_audit(tmp_path: Path):
    requested, _ = audited("marked", 8, tmp_path)
    assert replace(requested, layer="block3").key != requested.key
    with closing(audit(requested, tmp_path)) as first:
        next(first)
        with pytest.raises(SightlineError, match="running already"):
            next(audit(requested, tmp_path))


def test_another_method_gives_its_own_maps_and_is_another_audit(tmp_path: Path):
    requested, _ = audited("shapes", 6, tmp_path)
    other = replace(requested, method="layer_cam", layer="block2")
    assert replace(requested, method="layer_cam").key != requested.key
    *_, found = audit(other, tmp_path)
    for record in found.records:
        image = requested.dataset.load(record.index)
        result = xai.explain(requested.model, image, "layer_cam", ["block2"], [record.predicted])
        fine = resample(result.maps["block2"][0], (GRID, GRID))
        np.testing.assert_allclose(record.map, (fine / np.abs(fine).max()).ravel(), atol=2e-3)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path):
    model = planted_model("marked")
    data = dataset_of(scenes("marked", "test", 6), model.config.class_names, broken=2)
    *_, found = audit(AuditJob(model, data, "block4", (0, 1, 2, -1)), tmp_path)
    assert found.unread == (("2", "This picture is damaged."),)
    assert [r.index for r in found.records] == [0, 1, 3, 4, 5]
    assert [r.truth for r in found.records] == [0, 1, -1, 0, 1]


def test_the_box_of_a_list_is_the_object():
    model = planted_model("shapes")
    (scene,) = scenes("shapes", "test", 1)
    columns = {"x_center": [0.25], "y_center": [0.5], "width": [0.5], "height": [0.25]}
    data = replace(dataset_of([scene], ["a"]), columns={name: np.array(v) for name, v in columns.items()})
    image = data.load(0)
    found = object_of(model, data, 0, image, prepare(model.config, image))
    assert found[36:60, :48].all()
    assert found.sum() == 24 * 48
    unknown = replace(data, columns={})
    assert not object_of(model, unknown, 0, image, prepare(model.config, image)).any()


def record(**changes: object) -> Record:
    base = Record(0, "a", 0, 0, 0.9, 0.8, False, 0.1, 0.4, True, 0.9, 0, 0, (0.0,) * GRID**2, "data:,", "data:,")
    return replace(base, **changes)


def test_a_probe_by_hand():
    half = [record(truth=i % 2, predicted=i % 2, border=i % 2 if i < 60 else 1 - i % 2) for i in range(100)]
    found = probe(half, lambda r: r.border)
    assert found is not None
    assert (found.right, found.whole, found.chance, found.of) == (0.6, 1.0, 0.5, 100)
    assert found.low == pytest.approx(0.502, abs=1e-3)
    assert found.level == "partly"
    assert probe(half[:19], lambda r: r.border).level is None
    assert Probe(0.5, 0.4, 0.6, 1.0, 0.5, 100).level == "no"
    assert Probe(0.8, 0.7, 0.9, 1.0, 0.5, 100).level == "caught"
    assert Probe(0.8, 0.7, 0.9, 0.5, 0.5, 100).level is None
    unlabelled = [record(truth=-1, predicted=i % 2, border=i % 2) for i in range(40)]
    assert probe(unlabelled, lambda r: r.border).right == 1
    assert probe([], lambda r: r.border) is None


def test_lists_by_hand():
    sure, unsure = record(predicted=1, probability=0.95, index=1), record(predicted=1, probability=0.6, index=2)
    surest, unlabelled = record(predicted=1, probability=0.99, index=3), record(truth=-1, predicted=1, index=4)
    assert [r.index for r in confident_mistakes([sure, unsure, surest, unlabelled, record()])] == [3, 1]
    shaky, empty = record(steadiness=0.1, index=5), record(steadiness=-1, empty=True, index=6)
    assert [r.index for r in least_steady([record(), shaky, empty], 2)] == [5, 0]
    assert [r.index for r in most_outside([record(), record(outside=0.5, index=7), empty], 1)] == [7]


def test_mean_maps_by_hand_of_classes_with_three_maps_or_else_of_all():
    ones, empty = record(map=(1.0,) * GRID**2), record(empty=True)
    found = mean_maps([record(), ones, ones, empty, record(predicted=2), record(predicted=2)])
    assert list(found) == [0], "two pictures are no mean"
    mean, count = found[0]
    assert count == 3
    np.testing.assert_allclose(mean, 2 / 3)
    of_all = mean_maps([record(predicted=1), record(predicted=2), record(predicted=3, map=(1.0,) * GRID**2), empty])
    assert list(of_all) == [None]
    mean, count = of_all[None]
    assert count == 3
    np.testing.assert_allclose(mean, 1 / 3)
    assert mean_maps([record(predicted=1), ones]) == {}


def test_exports_hold_every_picture_and_nothing_that_acts():
    records = [record(name="=cmd()", truth=-1), record(name='<script>alert("x")</script>', predicted=1)]
    told = list(csv.DictReader(io.StringIO(as_csv(records, ("cat", "dog")))))
    assert [line["name"] for line in told] == ["'=cmd()", '<script>alert("x")</script>']
    assert [line["right"] for line in told] == ["", "no"]
    assert [line["predicted"] for line in told] == ["cat", "dog"]
    means = [(1, (np.eye(14, dtype=np.float32), 3)), (None, (np.eye(14, dtype=np.float32), 7))]
    page = as_html("Audit of <b>", ["1 < 2"], records, ("cat", "dog"), means)
    assert "<script>" not in page
    assert "1 &lt; 2" in page
    assert not re.search(r"(src|href)=.(?!data:)", page)
    assert page.count("<tr>") == 3
    assert "<figcaption>dog, 3</figcaption>" in page
    assert "<figcaption>all pictures, 7</figcaption>" in page
    encoded, _ = re.findall(r"data:image/png;base64,([^\"]+)", page)
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as mean:
        assert mean.size == (14, 14)
        assert mean.getpixel((5, 5)) == (253, 231, 37), "viridis ends in yellow"
