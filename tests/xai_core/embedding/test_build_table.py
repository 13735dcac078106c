"""A table holds what the network gives for each picture, and never what it gave for another."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

import xai_core as xai
from tests.networks import Small, fingerprint, tiny_swin, tiny_vit
from tests.xai_core.embedding.tables import same, some, write_folder, write_image
from xai_core.datasets import Dataset, open_dataset
from xai_core.durable import one_writer
from xai_core.embedding.build import build_table, stored_table
from xai_core.embedding.store import table_folder
from xai_core.errors import Cancelled, ImageError, LayerError, SightlineError
from xai_core.images.display import display_pixels
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("digits", device="cpu")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits")


def watched(dataset: Dataset, read: list[str]) -> Dataset:
    """The same data set, which writes down each picture that is read."""
    return replace(dataset, read=lambda item: (read.append(item), dataset.read(item))[1])


def test_rows_are_what_the_network_gives_step_by_step(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    few = some(digits, 100)
    table = build_table(model, few, folder=tmp_path)
    inputs = torch.cat([prepare(model.config, few.load(i)).tensor for i in range(100)])
    with torch.no_grad():
        vectors = model.module[:-1](inputs)  # all but the classifier
        p = torch.softmax(model.module(inputs), dim=1)
    assert table.layer == "input of classifier"
    np.testing.assert_allclose(table.vectors, vectors, rtol=1e-4, atol=1e-5)
    two = p.topk(2)
    np.testing.assert_array_equal(np.stack([table.predictions, table.runners_up], 1), two.indices)
    shares = np.stack([table.probabilities, table.runner_up_probabilities], 1)
    np.testing.assert_allclose(shares, two.values, atol=1e-5)
    labels = [item.label for item in few.items]
    np.testing.assert_array_equal(table.labels, labels)
    np.testing.assert_allclose(table.losses, -p[range(100), labels].log(), rtol=1e-3, atol=1e-5)
    assert list(table.names) == [item.id for item in few.items]
    np.testing.assert_array_equal(table.items, np.arange(100))


def test_a_layer_with_maps_is_averaged_over_its_places(model: LoadedModel, digits: Dataset) -> None:
    few = some(digits, 20)
    table = build_table(model, few, "block2")
    inputs = torch.cat([prepare(model.config, few.load(i)).tensor for i in range(20)])
    with torch.no_grad():
        maps = model.module.block2(model.module.halve(model.module.block1(inputs)))
    np.testing.assert_allclose(table.vectors, maps.mean((2, 3)), rtol=1e-4, atol=1e-5)
    assert table.layer == "block2"


@pytest.mark.parametrize(
    ("build", "layer", "averaged"),
    [
        (tiny_swin, "features.1", lambda output: output.mean((1, 2))),
        (tiny_vit, "encoder.ln", lambda output: output[:, 1:].mean(1)),
    ],
)
def test_tokens_are_averaged_over_their_places(
    build: Callable[[], torch.nn.Module],
    layer: str,
    averaged: Callable[[torch.Tensor], torch.Tensor],
    digits: Dataset,
) -> None:
    network, kept = build(), []
    own = xai.wrap_model(network, input_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    few = some(digits, 5)
    network.get_submodule(layer).register_forward_hook(lambda _module, _args, output: kept.append(output))
    with torch.no_grad():
        network(torch.cat([prepare(own.config, few.load(i)).tensor for i in range(5)]))
    table = build_table(own, few, layer)
    np.testing.assert_allclose(table.vectors, averaged(kept[0]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "layer", "width"),
    [
        (torchvision.models.resnet18, "input of fc", 512),
        pytest.param(torchvision.models.vgg11, "input of classifier.6", 4096, marks=pytest.mark.slow),
        (torchvision.models.squeezenet1_1, "input of classifier.1", 512),
        pytest.param(torchvision.models.densenet121, "input of classifier", 1024, marks=pytest.mark.slow),
        (torchvision.models.mobilenet_v3_small, "input of classifier.3", 1024),
    ],
)
def test_the_layer_before_the_scores_is_found_in_any_network(
    build: object, layer: str, width: int, digits: Dataset
) -> None:
    torch.manual_seed(0)
    own = xai.wrap_model(
        build(weights=None),
        input_size=(64, 64),
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        class_names=[str(i) for i in range(1000)],
    )
    before = fingerprint(own.module)
    table = build_table(own, some(digits, 3))
    assert (table.layer, table.vectors.shape) == (layer, (3, width))
    assert fingerprint(own.module) == before


class Views(torch.nn.Module):
    """A network that lays its maps out with `view`, which only takes them in their ordinary order in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = torch.nn.Conv2d(3, 4, 3, stride=4), torch.nn.Linear(4 * 8 * 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv(x).view(len(x), -1))


def test_a_network_that_views_its_maps_gives_its_own_vectors(digits: Dataset) -> None:
    torch.manual_seed(0)
    own = xai.wrap_model(Views(), input_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    few = some(digits, 40)
    table = build_table(own, few)
    with torch.no_grad():
        maps = own.module.conv(torch.cat([prepare(own.config, few.load(i)).tensor for i in range(40)]))
    np.testing.assert_allclose(table.vectors, maps.flatten(1), rtol=1e-4, atol=1e-5)


def test_thumbnails_are_the_pictures_shrunk(tmp_path: Path) -> None:
    data = open_dataset("samples")
    model = xai.wrap_model(Small(), input_size=(32, 32), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    table = build_table(model, data, folder=tmp_path)
    for index, data_bytes in enumerate(table.thumbnails):
        shown = np.asarray(Image.open(io.BytesIO(data_bytes)).convert("RGB"), float)
        whole = Image.fromarray(display_pixels(data.load(index)))
        assert max(shown.shape) == 64
        expected = np.asarray(whole.resize(shown.shape[1::-1], Image.Resampling.BOX), float)
        assert np.abs(shown - expected).mean() < 10  # of another picture it is 50 and more
    assert table.class_names == ()
    assert set(table.labels.tolist()) == {-1}
    assert np.isnan(table.losses).all()


def test_on_the_disk_and_in_memory_are_the_same(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    few, seen = some(digits, 200), []
    stored = build_table(model, few, folder=tmp_path, on_progress=lambda done, total: seen.append((done, total)))
    assert same(stored, build_table(model, few))
    assert (seen[0], seen[-1]) == ((0, 200), (200, 200))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not stored.vectors.flags.writeable


def test_a_finished_table_opens_without_reading_a_picture(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    few = some(digits, 100)
    first = build_table(model, few, folder=tmp_path)
    closed = replace(few, read=lambda _: pytest.fail("a picture was read"))
    assert same(build_table(model, closed, folder=tmp_path), first)


def test_a_cancelled_table_keeps_its_finished_shards(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    few, read = some(digits, 640), []

    def stop(done: int, _total: int) -> None:
        if done >= 320:
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        build_table(model, few, folder=tmp_path, on_progress=stop)
    assert stored_table(model, few, None, tmp_path) is None  # half a table is not shown
    begun: list[int] = []
    table = build_table(model, watched(few, read), folder=tmp_path, on_progress=lambda done, _t: begun.append(done))
    assert begun[0] >= 128  # of 320, all but what two threads had under way
    assert len(read) == 640 - begun[0]
    assert same(table, build_table(model, few))


def test_only_new_and_changed_pictures_are_computed(tmp_path: Path, model: LoadedModel) -> None:
    root, read = write_folder(tmp_path / "data"), []
    build_table(model, open_dataset(root), folder=tmp_path / "tables")
    write_image(root / "a" / "new.png", 1000)
    write_image(root / "a" / "0002.png", 2000)
    os.utime(root / "a" / "0002.png", ns=(1, 1))
    (root / "b" / "0003.png").unlink()
    os.rename(root / "b" / "0005.png", root / "a" / "0005.png")  # another label
    after = open_dataset(root)
    assert stored_table(model, after, None, tmp_path / "tables") is None
    table = build_table(model, watched(after, read), folder=tmp_path / "tables")
    assert sorted(read) == ["a/0002.png", "a/0005.png", "a/new.png"]
    assert same(table, build_table(model, after))


@pytest.mark.parametrize("change", ["weights", "network", "input", "several", "data", "labels", "classes", "layer"])
def test_another_question_never_gets_this_answer(
    tmp_path: Path, model: LoadedModel, digits: Dataset, change: str
) -> None:
    few, other, layer = some(digits, 20), model, "block3"
    build_table(model, few, layer, folder=tmp_path)
    assert stored_table(model, few, layer, tmp_path) is not None
    if change == "weights":
        other = replace(model, digest="0" * 64)
    elif change == "network":  # the same weights in a network that computes something else
        network = xai.load_model("digits", device="cpu").module
        network.block2.conv.stride = (2, 2)
        other = replace(model, module=network)
    elif change == "input":
        other = replace(model, config=replace(model.config, mean=(0.4, 0.5, 0.5)))
    elif change == "several":  # other probabilities: a sigmoid in place of the softmax
        other = replace(model, config=replace(model.config, answer=xai.Answer("several")))
    elif change == "data":
        few = replace(few, digest="0" * 64)
    elif change == "labels":
        few = replace(few, items=(replace(few.items[0], label=1), *few.items[1:]))
    elif change == "classes":
        few = replace(few, class_names=("zero", *few.class_names[1:]))
    else:
        layer = "block4"
    assert stored_table(other, few, layer, tmp_path) is None


def test_unreadable_pictures_are_listed_with_their_reason(tmp_path: Path, model: LoadedModel) -> None:
    root = write_folder(tmp_path / "data", 40)
    (root / "a" / "0000.png").write_bytes(b"no picture")
    (root / "b" / "0001.png").write_bytes((root / "b" / "0001.png").read_bytes()[:200])
    (root / "b" / "0003.png").write_bytes(b"")
    table = build_table(model, open_dataset(root), folder=tmp_path / "tables")
    assert [name for name, _ in table.unread] == ["a/0000.png", "b/0001.png", "b/0003.png"]
    assert all(reason.endswith(".") and path in reason for path, reason in table.unread)
    assert len(table) == 37
    assert "a/0000.png" not in set(table.names)
    assert [open_dataset(root).items[i].id for i in table.items] == list(table.names)


def test_a_folder_without_one_readable_picture_is_refused(tmp_path: Path, model: LoadedModel) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"None of the 1 pictures could be read; the first: .*a\.png"):
        build_table(model, open_dataset(tmp_path))


@pytest.mark.parametrize("damage", ["shard", "view", "vectors", "half a view"])
def test_damage_on_the_disk_is_done_again(tmp_path: Path, model: LoadedModel, digits: Dataset, damage: str) -> None:
    few, read = some(digits, 200), []
    first = build_table(model, few, folder=tmp_path)
    expected, view = build_table(model, few), first.folder
    shard = max((view.parent / "shards").iterdir(), key=lambda path: path.stat().st_size)  # one of the full ones
    if damage == "shard":
        shard.write_bytes(shard.read_bytes()[:-50])
        shutil.rmtree(view)
    elif damage == "view":
        (view / "view.json").write_text("{")
    elif damage == "vectors":
        (view / "vectors.npy").write_bytes((view / "vectors.npy").read_bytes()[:-4])
    else:
        os.rename(view, view.with_name(f"{view.name}.partial"))
    table = build_table(model, watched(few, read), folder=tmp_path)
    assert same(table, expected)
    assert len(read) == (64 if damage == "shard" else 0)


def test_two_jobs_on_one_table_do_not_mix(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    few = some(digits, 50)
    home = build_table(model, few, folder=tmp_path).folder.parent
    with one_writer(home, "busy"):
        assert stored_table(model, few, None, tmp_path) is not None  # reading needs no lock
        with pytest.raises(SightlineError, match="being computed already, here or in another process; wait"):
            build_table(model, some(digits, 60), folder=tmp_path)
        build_table(model, few, "block3", folder=tmp_path)  # another question has its own folder
    assert len(build_table(model, some(digits, 60), folder=tmp_path)) == 60


def test_a_layer_that_gives_no_vectors_is_refused(model: LoadedModel, digits: Dataset) -> None:
    with pytest.raises(LayerError, match="has no layer 'block9'"):
        build_table(model, some(digits, 3), "block9")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SightlineError, match="cannot be written"):
        build_table(model, some(digits, 3), folder=tmp_path / "file")


def test_threads_of_the_caller_keep_their_number(model: LoadedModel, digits: Dataset) -> None:
    before = torch.get_num_threads()
    build_table(model, some(digits, 64))
    assert torch.get_num_threads() == before


def test_columns_read_like_tuples(tmp_path: Path, model: LoadedModel, digits: Dataset) -> None:
    names = build_table(model, some(digits, 30), folder=tmp_path).names
    assert (names[0], names[-1], names[2:4]) == ("0/0000", digits.items[29].id, ("2/0002", "3/0003"))
    assert names.take([3, 1, 3]) == ("3/0003", "1/0001", "3/0003")
    with pytest.raises(IndexError):
        names[30]


def test_names_of_classes_that_mean_the_same_are_matched(tmp_path: Path, model: LoadedModel) -> None:
    own = replace(
        model, config=replace(model.config, class_names=("Class A", "class b", *model.config.class_names[2:]))
    )
    for name in ("class_a", "Class-B", "other"):
        write_image(tmp_path / name / "1.png", 1)
    table = build_table(own, open_dataset(tmp_path))
    known = {
        table.class_names[label]: not np.isnan(loss) for label, loss in zip(table.labels, table.losses, strict=True)
    }
    assert known == {"class_a": True, "Class-B": True, "other": False}


def test_the_folder_depends_on_the_question_only(tmp_path: Path) -> None:
    assert table_folder(tmp_path, {"a": 1, "b": 2}) == table_folder(tmp_path, {"b": 2, "a": 1})
