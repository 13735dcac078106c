"""Whatever a foreign library or a visitor's own network raises, at whatever place: each page says one sentence of ours.

The exceptions are of no type that anybody could have foreseen, and their words name a patient, which no screen may.
"""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import streamlit.runtime.fragment as fragments
import torch
from PIL import Image
from safetensors.torch import save
from streamlit.runtime.scriptrunner import exec_code
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

import xai_core as xai
from dashboard.core import jobs, results
from dashboard.core.state import Selection
from dashboard.map import map_cache
from dashboard.server.server import on_page_error
from dashboard.shared import cached
from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, noise
from xai_core.types import LoadedModel

PAGES = Path(__file__).resolve().parents[2] / "pages"
PATIENT = "Nas^Anna"
PATIENCE_S = 120
SHOWN = ("error", "warning", "info")
TO_DO = (
    "choose",
    "give ",
    "export it",
    "save it",
    "make it again",
    "get it again",
    "copy it again",
    "write it",
    "take ",
)
TO_DO += ("fetch the file", "the size", "make the zip", "save the weights")


class Strange(Exception):
    """Of no library."""


def strange(*_given: object, **_named: object) -> Any:
    raise Strange(f"patient {PATIENT}")


@pytest.fixture(autouse=True)
def as_on_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What passes a page ends where the server lets it end, which a page alone does not know."""
    real = exec_code.handle_user_script_exception
    for module in (exec_code, fragments):
        monkeypatch.setattr(module, "handle_user_script_exception", lambda error, _none: real(error, on_page_error))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    jobs._runs.clear()
    yield
    jobs.stop_all(PATIENCE_S)
    jobs._runs.clear()
    cached._forward_passes.clear()
    results._kept.clear()
    map_cache._once.clear()


def page(name: str, **state: object) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=PATIENCE_S)
    for key, value in state.items():
        app.session_state[key] = value
    return app


def said(app: AppTest) -> list[str]:
    quiet = [element.value for element in (*app.caption, *app.markdown) if "Strange" in element.value]
    return [*quiet, *(element.value for kind in SHOWN for element in getattr(app, kind))]


def says_what_to_do(app: AppTest) -> bool:
    return any(words in sentence.lower() for words in TO_DO for sentence in said(app))


def everything(app: AppTest) -> str:
    return "".join(str(node.proto) for node in app if hasattr(node, "proto"))


def fine(app: AppTest, never: tuple[str, ...] = (PATIENT,)) -> None:
    """One sentence at least that says what to do; no traceback, no word of the library's, no confession of ours."""
    assert not app.exception, app.exception[0].message
    sentences, sent = said(app), everything(app)
    assert says_what_to_do(app), sentences
    for words in (*never, "Traceback", "on our side"):
        assert words not in sent, sentences


def to_the_end(app: AppTest) -> AppTest:
    """Run the page until nothing that it has begun is under way."""
    app.run()
    end = time.monotonic() + PATIENCE_S
    while jobs._runs().active and time.monotonic() < end:
        while jobs._runs().active and time.monotonic() < end:
            time.sleep(0.05)
        app.run()
    return app.run()  # what ended while it was drawn


def pressed(app: AppTest, label: str) -> AppTest:
    """After a click on the button of this label, if there is one, to the end."""
    for button in app.button:
        if button.label.startswith(label):
            button.click().run()
            return app if says_what_to_do(app) else to_the_end(app)
    return app


def png(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 48, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def upload(app: AppTest, label: str, name: str, data: bytes) -> None:
    next(u for u in app.file_uploader if u.label.startswith(label)).upload(name, data).run()


# A network of a visitor's own, which begins to fail at any of its runs, or in its gradients


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(_context: Any, _gradient: Tensor) -> Tensor:
        return strange()


class Moody(nn.Module):
    """runs: how many it still takes, of all copies of it. backward: whether its gradients fail instead."""

    runs = 10**9
    backward = False

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.last = nn.Conv2d(1, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        Moody.runs -= 1
        if Moody.runs < 0:
            strange()
        scores: Tensor = self.inner(images)
        return Fails.apply(scores) if Moody.backward else scores


@pytest.fixture(scope="module")
def moody() -> LoadedModel:
    digits = xai.load_model("digits", device="cpu")
    config = replace(digits.config, key="own/moody", title="Moody", default_layer="of another network")
    return replace(digits, module=Moody(digits.module).eval(), config=config, digest="m" * 64)


@pytest.fixture
def mood(moody: LoadedModel) -> Iterator[Mood]:
    """The network, known under another name each time, so that nothing of it is kept from before."""

    def made(runs: int, backward: bool) -> LoadedModel:
        Moody.runs, Moody.backward = runs, backward
        digest = f"{time.monotonic_ns():064d}"
        return replace(moody, digest=digest)

    yield made
    Moody.runs, Moody.backward = 10**9, False


Mood = Callable[[int, bool], LoadedModel]
WITH_A_NETWORK: dict[str, dict[str, object]] = {
    "explain": {},
    "compare": {},
    "steps": {},
    "filters": {},
    "units": {},
    "models": {},
    "map": {"space_data": "digits", "space_model": "own/moody", "space_models": {"digits": "own/moody"}},
    "bench": {"bench_tab": "audit", "unit_data": ("own/moody", "samples")},
}


def visit_with(model: LoadedModel, name: str) -> AppTest:
    own = {"own_models": {model.config.key: model}, "selection": replace(Selection(), model=model.config.key)}
    app = to_the_end(page(name, **own, **WITH_A_NETWORK[name]))
    return pressed(app, "Audit")


@pytest.mark.parametrize("runs", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WITH_A_NETWORK)
def test_a_network_that_fails_at_any_of_its_runs(name: str, runs: int, mood: Mood):
    app = visit_with(mood(runs, False), name)
    assert runs or Moody.runs < 0
    if Moody.runs < 0:
        fine(app, never=())  # a network's own words may be quoted: they are of its maker, not of a patient
    assert not app.exception


@pytest.mark.parametrize("name", ["explain", "compare", "steps", "bench"])
def test_a_network_whose_gradients_fail(name: str, mood: Mood):
    fine(visit_with(mood(10**9, True), name), never=())


# Files of a visitor's


@dataclass(frozen=True)
class Given:
    """A file that would be read, on a page, in an uploader, by a call of a foreign library that fails instead."""

    page: str
    label: str
    name: str
    data: Callable[[], bytes]
    call: str
    state: tuple[tuple[str, object], ...] = ()


def dicom() -> bytes:
    return file_bytes(made_slice(noise(32, 24)))


def nifti() -> bytes:
    return gzip.compress(
        nib.Nifti1Image(np.random.default_rng(0).random((16, 16, 4), np.float32), np.eye(4)).to_bytes()
    )


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(3):
            archive.writestr(f"a/{number}.png", png(number))
    return buffer.getvalue()


def weights(save: Callable[[dict[str, Tensor]], bytes]) -> Callable[[], bytes]:
    return lambda: save({"fc.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(3)})


def saved(tensors: dict[str, Tensor]) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()


_OWN, _SCAN, _FILE, _SET = "Your own pictures", "Your own scan", "A file of weights", "Several pictures"
_UPLOADS = (("unit_data", ("imagenet", "uploads")),)
FILES = {
    **{
        f"a picture on {name}": Given(name, _OWN, "a.png", png, "PIL.Image.open")
        for name in ("explain", "compare", "steps", "filters", "units", "models", "map")
    },
    "a picture's pixels": Given("explain", _OWN, "a.png", png, "PIL.PngImagePlugin.PngImageFile.load"),
    "a DICOM file": Given("mri", _SCAN, "a.dcm", dicom, "xai_core.images.scans.dicom_file.dcmread"),
    "a DICOM file's pixels": Given("mri", _SCAN, "a.dcm", dicom, "xai_core.images.scans.dicom_pixels.iter_pixels"),
    "a NIfTI file": Given(
        "mri", _SCAN, "a.nii.gz", nifti, "xai_core.images.scans.nifti_header.nib.Nifti1Header.from_fileobj"
    ),
    "a NIfTI file's axes": Given("mri", _SCAN, "a.nii.gz", nifti, "xai_core.images.scans.geometry.io_orientation"),
    "a picture of a slice": Given("mri", _SCAN, "a.png", png, "PIL.Image.open"),
    "a zip of slices": Given("mri", _SCAN, "a.zip", zipped, "zipfile.ZipFile.infolist"),
    "a file of torch": Given("models", _FILE, "a.pt", weights(saved), "torch.load"),
    "a safetensors file": Given(
        "models", _FILE, "a.safetensors", weights(save), "xai_core.models.sources.checkpoint.reading.load_safetensors"
    ),
    "a zip on Units": Given("units", _SET, "a.zip", zipped, "zipfile.ZipFile.infolist", _UPLOADS),
    "a zip on Map": Given("map", _SET, "a.zip", zipped, "zipfile.ZipFile.infolist", (("space_data", "uploads"),)),
    "a zip on Bench": Given(
        "bench", _SET, "a.zip", zipped, "zipfile.ZipFile.infolist", (*_UPLOADS, ("bench_tab", "audit"))
    ),
}


QUICK = (
    "a picture on explain",
    "a zip on Bench",
    "a zip on Map",
    "a zip on Units",
    "a file of torch",
    "a safetensors file",
)
IN_CI = [what if what in QUICK else pytest.param(what, marks=pytest.mark.slow) for what in FILES]


@pytest.mark.parametrize("what", IN_CI)
def test_a_file_at_which_its_reader_fails(what: str, monkeypatch: pytest.MonkeyPatch):
    given = FILES[what]
    app = page(given.page, **dict(given.state)).run()
    data = given.data()
    monkeypatch.setattr(given.call, strange)
    upload(app, given.label, given.name, data)
    fine(to_the_end(app))


# Work on what was taken in


def made_by(name: str, button: str = "", **state: object) -> Callable[[], AppTest]:
    def visit() -> AppTest:
        app = to_the_end(page(name, **state))
        return pressed(app, button) if button else app

    return visit


def export(kind: str) -> Callable[[], AppTest]:
    return made_by("mri", "Make the file", mri_voxels=True, mri_kind=kind)


WORK: dict[str, tuple[Callable[[], AppTest], str]] = {
    "highdicom's map": (export("DICOM parametric map"), "xai_core.report.dicom.hd.pm.ParametricMap"),
    "highdicom's picture": (export("DICOM picture (secondary capture)"), "xai_core.report.dicom.hd.sc.SCImage"),
    "nibabel's map": (export("NIfTI map"), "xai_core.report.nifti.nib.Nifti1Image"),
    "a table's shards": (made_by("map"), "xai_core.embedding.store.pq.write_table"),
    "a table's neighbours": (made_by("map"), "xai_core.embedding.graph.np.savez"),
    "PCA": (made_by("map", space_method="pca"), "xai_core.embedding.pca.eigh"),
    "a map's worth": (made_by("map", space_method="pca"), "xai_core.embedding.quality.cKDTree"),
    "suspects": (made_by("map", space_part="suspects"), "xai_core.embedding.suspects.minimize"),
    "patches": (made_by("units", unit_data=("imagenet", "samples")), "xai_core.features.top_patches.save"),
    "the cut of the head": (made_by("mri"), "xai_core.images.head_crop.ndimage.label"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", WORK)
def test_work_in_which_a_library_fails(what: str, monkeypatch: pytest.MonkeyPatch):
    visit, call = WORK[what]
    called: list[None] = []

    def fail(*_given: object, **_named: object) -> Any:
        called.append(None)
        return strange()

    monkeypatch.setattr(call, fail)
    app = visit()
    assert called, "this was not reached"
    fine(app)
