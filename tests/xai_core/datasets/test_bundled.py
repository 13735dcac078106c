"""The bundled data sets, and pictures that are at hand already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.xai_core.images.image_bytes import NOISE, encoded
from xai_core.datasets import bundled_names, open_dataset
from xai_core.errors import ImageError
from xai_core.images import SAMPLES, load_image, load_sample


def test_the_digits_are_those_of_scikit_learn_in_its_order() -> None:
    dataset, given = open_dataset("digits"), load_digits()
    assert len(dataset) == 1797
    assert [item.label for item in dataset.items] == given.target.tolist()
    assert dataset.class_names == tuple("0123456789")
    for index in range(1797):
        pixels = dataset.load(index).pixels
        assert pixels.shape == (8, 8, 3)
        assert np.array_equal(pixels, np.rint(given.images[index] * 255 / 16)[:, :, None].repeat(3, 2))
    assert dataset.items[13].id == f"{given.target[13]}/0013"
    assert len({item.id for item in dataset.items}) == 1797


def test_without_scikit_learn_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImageError, match="come with scikit-learn, which is not installed"):
        open_dataset("digits")


def test_the_samples_are_all_there_without_classes() -> None:
    dataset = open_dataset("samples")
    assert [item.id for item in dataset.items] == [sample.key for sample in SAMPLES]
    assert dataset.class_names == ()
    assert dataset.class_name(0) is None
    assert dataset.load(1).digest == load_sample(SAMPLES[1].key).digest


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_digest_is_the_same_every_time(name: str) -> None:
    assert open_dataset(name).digest == open_dataset(name).digest


def test_a_bundled_name_wins_over_a_folder_unless_a_path_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "a.png").write_bytes(encoded(NOISE, "PNG"))
    assert len(open_dataset("digits")) == 1797
    assert len(open_dataset(Path("digits"))) == 1


def test_uploads_keep_their_order_and_get_distinct_names() -> None:
    png = encoded(NOISE, "PNG")
    read = load_image(png, name="cat.png")
    dataset = open_dataset([("cat.png", png), read, ("a.png", b"damaged"), ("cat.png", png)])
    assert [item.id for item in dataset.items] == ["cat.png", "cat.png (2)", "a.png", "cat.png (3)"]
    assert dataset.load(1) is read
    assert np.array_equal(dataset.load(3).pixels, NOISE)
    with pytest.raises(ImageError, match=r'"a.png" is not a picture'):
        dataset.load(2)


def test_the_digest_of_uploads_follows_contents_names_and_order() -> None:
    png, other = encoded(NOISE, "PNG"), encoded(NOISE[::-1], "PNG")
    digests = {
        open_dataset(uploads).digest
        for uploads in (
            [("a.png", png), ("b.png", other)],
            [("b.png", other), ("a.png", png)],
            [("a.png", other), ("b.png", png)],
            [("a.png", png), ("c.png", other)],
        )
    }
    assert len(digests) == 4
    assert open_dataset([("a.png", png)]).digest == open_dataset([("a.png", bytes(png))]).digest


def test_no_upload_is_refused() -> None:
    with pytest.raises(ImageError, match="No picture was given; give at least one"):
        open_dataset([])
