"""One byte changed in any file that is read back, and what was stored is not believed: it is made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import xai_core as xai
from tests.xai_core.embedding.tables import same, some
from tests.xai_core.evaluation.test_audit import dataset_of
from xai_core.datasets import Dataset, open_dataset
from xai_core.durable import Damaged, check_seal, read_sealed, write_sealed
from xai_core.embedding.build import build_table, stored_table
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.neighbours import neighbours, open_index
from xai_core.embedding.pca import pca_map
from xai_core.embedding.store import read_shard
from xai_core.embedding.stored_map import keep_map, stored_map
from xai_core.embedding.view import open_view
from xai_core.errors import ImageError
from xai_core.evaluation.audit.job import AuditJob, audit, stored_audit
from xai_core.evaluation.planted.network import planted_model, scenes
from xai_core.features.patch_job import patch_job
from xai_core.features.top_patches import stored_patches, top_patches
from xai_core.types import FeatureTable, LoadedModel

COUNT = 500
REQUEST = {"method": "pca", "dims": 2}


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def few() -> Dataset:
    return some(open_dataset("digits"), 130)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, model: LoadedModel, few: Dataset) -> Path:
    """One of each kind of file that the product stores."""
    root = tmp_path_factory.mktemp("store")
    table = build_table(model, few, folder=root / "tables")
    knn_graph(table, 10)
    open_index(table, exact=False)
    keep_map(table, REQUEST, replace(pca_map(table), method="pca"))
    top_patches(model, few, ["block4"], store=root / "patches")
    for _ in audit(audit_job(), root / "audits"):
        pass
    return root


def audit_job() -> AuditJob:
    network = planted_model("shapes")
    names = network.config.class_names
    return AuditJob(
        network, dataset_of(scenes("shapes", "test", 16, seed=5), names), "block4", tuple(range(len(names)))
    )


def readers(store: Path, model: LoadedModel, few: Dataset) -> dict[Path, Callable[[], object]]:
    """For every file how it is read back: fit for comparison, None where it is not believed and not made again."""
    table = stored_table(model, few, None, store / "tables")
    job = patch_job(model, few, ["block4"])
    found: dict[Path, Callable[[], object]] = {store / "patches" / job.key / "state.safetensors": lambda: patches()}

    def patches() -> object:
        state = stored_patches(job, store / "patches")
        return None if state is None else [state.unit("block4", channel) for channel in range(8)]

    def rows() -> object:
        read = stored_table(model, few, None, store / "tables")
        return None if read is None else same(read, table)

    for path in (store / "audits").glob("*/batch-*"):
        found[path] = lambda: whole_audit(store)
    for path in table.folder.iterdir():
        name = path.name
        if name.startswith("graph"):
            found[path] = partial(graph_rows, table)
        elif name.startswith("index"):
            found[path] = partial(found_rows, table)
        elif name.startswith("map"):
            found[path] = lambda: None if (read := stored_map(table, REQUEST)) is None else read.points.tolist()
        elif name.startswith("norms"):
            found[path] = lambda: open_index(table).base.norms.tolist()
        else:
            found[path] = rows
    for path in table.folder.parent.glob("shards/*"):
        found[path] = partial(shard_rows, path)
    return found


def whole_audit(store: Path) -> object:
    """None where a batch was not believed: the audit goes on from there."""
    found = stored_audit(audit_job(), store / "audits")
    return found if found is not None and found.done == found.total else None


def graph_rows(table: FeatureTable) -> object:
    graph = knn_graph(table, 10)
    return graph.rows.tolist(), graph.distances.tolist(), graph.recall


def found_rows(table: FeatureTable) -> object:
    index = open_index(table, exact=False)
    return neighbours(index, np.asarray(table.vectors), 3).rows.tolist(), index.recall


def shard_rows(path: Path) -> object:
    try:
        return read_shard(path).to_pylist()
    except Damaged:
        return None


def test_500_files_with_one_byte_changed_and_none_is_believed(store: Path, model: LoadedModel, few: Dataset) -> None:
    random, believed, kinds = np.random.default_rng(500), [], readers(store, model, few)
    assert len(kinds) >= 16
    whole = {path: (path.read_bytes(), read()) for path, read in kinds.items()}
    paths = sorted(kinds)
    for number in range(COUNT):
        path = paths[number % len(paths)]
        data, before = whole[path]
        place = int(random.integers(len(data)))
        damaged = data[:place] + bytes([data[place] ^ int(random.integers(1, 256))]) + data[place + 1 :]
        path.write_bytes(damaged)
        found = kinds[path]()
        if found is not None and (path.read_bytes() == damaged or found != before):  # neither refused nor made again
            believed.append((path.name, place))
        path.write_bytes(data)
    print(f"{COUNT} files with a byte changed, of {len(paths)} files; believed: {len(believed)}")
    assert believed == []


def test_what_is_damaged_is_made_again_and_is_as_before(
    tmp_path: Path, store: Path, model: LoadedModel, few: Dataset
) -> None:
    shutil.copytree(store / "tables", tmp_path / "tables")
    before = build_table(model, few, folder=tmp_path / "tables")
    closed = replace(few, read=lambda _: pytest.fail("a picture was read"))
    for name in ("rows.sqlite", "vectors.npy", "items.npy", "prediction.npy", "view.json"):
        file = before.folder / name
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        assert stored_table(model, few, None, tmp_path / "tables") is None
        assert same(build_table(model, closed, folder=tmp_path / "tables"), before)
    shard, read = sorted((before.folder.parent / "shards").iterdir())[0], []
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    shutil.rmtree(before.folder)
    watched = replace(few, read=lambda item: (read.append(item), few.read(item))[1])
    again = build_table(model, watched, folder=tmp_path / "tables")
    assert same(again, build_table(model, few))
    assert 0 < len(read) < len(few)  # those of the damaged shard


@pytest.mark.parametrize("kind", ["no seals", "cut", "empty", "gone", "of another view", "columns of another length"])
def test_stores_of_an_earlier_version_and_wrecks_are_made_again(
    tmp_path: Path, store: Path, model: LoadedModel, few: Dataset, kind: str
) -> None:
    shutil.copytree(store / "tables", tmp_path / "tables")
    view = stored_table(model, few, None, tmp_path / "tables").folder
    for path in view.iterdir():
        data = path.read_bytes()
        if kind in ("no seals", "cut"):
            path.write_bytes(data[: -20 if kind == "no seals" else len(data) // 2])
        elif kind == "empty":
            path.write_bytes(b"")
        elif kind == "gone" and path.suffix == ".npy":
            path.unlink()
        elif kind == "of another view":  # whole, but of something else
            write_sealed(path, f"view-0/{path.name}", lambda file, data=data: file.write(data[:-20]))
        elif kind == "columns of another length" and path.name == "loss.npy":
            write_sealed(path, f"{view.name}/loss.npy", lambda file: np.save(file, np.zeros(3, np.float32)))
    assert stored_table(model, few, None, tmp_path / "tables") is None
    assert same(build_table(model, few, folder=tmp_path / "tables"), build_table(model, few))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("items", np.array([16640, *range(1, 130)])),
        ("items", np.zeros(130, np.int64)),
        ("prediction", np.full(130, 10, np.int32)),
        ("runner_up", np.full(130, -1, np.int32)),
        ("probability", np.full(130, np.nan, np.float32)),
        ("probability", np.full(130, 1.5, np.float32)),
        ("label", np.full(130, 10, np.int32)),
        ("loss", np.full(130, -1, np.float32)),
        ("vectors", np.zeros((129, 8), np.float32)),
    ],
)
def test_numbers_out_of_range_are_not_believed_under_a_right_checksum(
    tmp_path: Path, store: Path, model: LoadedModel, few: Dataset, name: str, values: np.ndarray
) -> None:
    shutil.copytree(store / "tables", tmp_path / "tables")
    view = stored_table(model, few, None, tmp_path / "tables").folder
    write_sealed(view / f"{name}.npy", f"{view.name}/{name}.npy", lambda file: np.save(file, values))
    with pytest.raises(Damaged):
        open_view(view, model.config, len(few))
    assert stored_table(model, few, None, tmp_path / "tables") is None


def test_pictures_to_which_the_network_has_no_finite_answer_have_no_row(model: LoadedModel, few: Dataset) -> None:
    import torch

    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.classifier = model.module[:-1], model.module[-1]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            features = self.inner(x)
            return self.classifier(torch.where(features[:, :1] > 0.5, features / 0, features))

    config = model.config
    odd = xai.wrap_model(
        Odd().eval(), input_size=config.input_size, mean=config.mean, std=config.std, class_names=config.class_names
    )
    table = build_table(odd, some(few, 60))
    assert np.isfinite(table.vectors).all()
    assert np.isfinite(table.probabilities).all()
    assert 0 < len(table.unread) == 60 - len(table)
    assert all("not finite" in reason for _, reason in table.unread)
    with pytest.raises(ImageError, match=r"None of the 1 pictures could be read; the first: .*not finite"):
        build_table(odd, replace(few, items=(few.items[first(few, table)],), digest="one"))


def first(few: Dataset, table: FeatureTable) -> int:
    return [item.id for item in few.items].index(table.unread[0][0])


@pytest.mark.parametrize("size", [0, 1, 19, 20, 21, 3000, (1 << 20) + 3])
def test_a_seal_notices_every_changed_byte(tmp_path: Path, size: int) -> None:
    path, content = tmp_path / "file", np.random.default_rng(size).bytes(size)
    write_sealed(path, "what it is", lambda file: file.write(content))
    assert (read_sealed(path, "what it is"), check_seal(path, "what it is")) == (content, size)
    whole = path.read_bytes()
    places = range(len(whole)) if size < 100 else np.random.default_rng(1).integers(len(whole), size=50)
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        for read in (read_sealed, check_seal):
            with pytest.raises(Damaged):
                read(path, "what it is")
    path.write_bytes(whole)
    with pytest.raises(Damaged):
        read_sealed(path, "something else")
