"""The bundled brain MRI network: what its record says is true of the committed weights, by the public interface."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from scipy.spatial.distance import cosine
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional as F

import xai_core as xai
from tests.shared_data import shared
from training.brain_mri.document import PAGE, figures
from training.brain_mri.split import CLASSES, label, slices, split
from xai_core.evaluation.familiarity import familiarity
from xai_core.images.head_crop import head_crop
from xai_core.models.sources.brain_mri import CLASS_NAMES, SOURCES, VECTORS, WEIGHTS, known_slices
from xai_core.types import CLINICAL_CAUTION, LoadedModel, SourceImage

RECORD = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
POINTING = {"": 0.92, ", glioma": 0.85, ", meningioma": 0.85, ", pituitary": 0.85}
EVERY = 6  # of the held-out slices, one in so many


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return xai.load_model("brain-mri", device="cpu")


@pytest.fixture(scope="module")
def held_out() -> list[tuple[SourceImage, int]]:
    """Test slices of all classes, with their labels."""
    paths = slices(shared("brain-mri"))
    chosen = np.flatnonzero(split(paths) == "test")[::EVERY]
    return [(xai.load_image(paths[i]), label(paths[i])) for i in chosen]


def test_the_weights_are_small_in_half_precision_and_the_ones_of_the_record() -> None:
    assert WEIGHTS.stat().st_size < 7_500_000
    assert {values.dtype for values in load_file(WEIGHTS).values()} == {torch.float16, torch.int64}
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == RECORD["sha256"]


def test_the_card_says_research_use_only_and_fits_the_network(model: LoadedModel) -> None:
    assert model.config.caution == CLINICAL_CAUTION
    assert model.config.class_names == ("glioma", "meningioma", "no tumour", "pituitary tumour")
    assert model.module.get_submodule(model.config.classifier).out_features == 4
    assert model.config.default_layer in {layer.name for layer in xai.layers(model)}
    assert xai.methods(model)["cam"] is None


@pytest.mark.slow
@pytest.mark.data
def test_held_out_slices_are_named_as_well_as_the_record_says(
    model: LoadedModel, held_out: list[tuple[SourceImage, int]]
) -> None:
    answers = [xai.predict(model, image) for image, _ in held_out]
    truth, named = [label for _, label in held_out], [int(answer.scores.argmax()) for answer in answers]
    assert len(held_out) > 100
    assert balanced_accuracy_score(truth, named) >= RECORD["test"]["balanced_accuracy"]["interval_95"][0] - 0.05
    assert balanced_accuracy_score(truth, named) >= 0.85
    right = np.array([answer.probabilities[truth] for answer, truth in zip(answers, truth, strict=True)])
    assert -np.log(right).mean() < 0.5  # a coin with four sides has 1.39
    sure = np.array([answer.probabilities.max() for answer in answers])
    assert abs(sure.mean() - np.equal(truth, named).mean()) < 0.07


@pytest.mark.data
def test_the_network_reads_the_standardised_head_and_its_box(
    model: LoadedModel, held_out: list[tuple[SourceImage, int]]
) -> None:
    image = held_out[0][0]
    given, crop = xai.prepare(model.config, image), head_crop(image, 160)
    wide = F.interpolate(torch.from_numpy(crop.grey)[None, None], (192, 192), mode="bilinear", align_corners=False)
    assert given.box == crop.box
    assert torch.allclose(given.tensor, (wide.expand(-1, 3, -1, -1) - 0.5) / 0.5, atol=1e-5)


@pytest.mark.data
def test_the_frame_of_a_slice_does_not_change_its_class(
    model: LoadedModel, held_out: list[tuple[SourceImage, int]]
) -> None:
    changed = 0
    for image, _ in held_out[::6]:
        framed = Image.fromarray(np.pad(image.pixels, ((40, 10), (0, 60), (0, 0))))
        before, after = xai.predict(model, image), xai.predict(model, xai.load_image(framed))
        changed += before.scores.argmax() != after.scores.argmax()
    assert changed <= 1


@pytest.mark.data
def test_maps_of_a_tumour_lie_on_the_picture_through_the_box(
    model: LoadedModel, held_out: list[tuple[SourceImage, int]]
) -> None:
    image = held_out[0][0]
    result = xai.explain(model, image, "cam")
    placed = xai.place(result.maps[model.config.default_layer][0], result.box, image.size)
    rows, columns = np.nonzero(np.isfinite(placed))
    assert rows.min() == pytest.approx(max(0, result.box.top), abs=1)
    assert columns.max() == pytest.approx(min(image.size[1], result.box.right) - 1, abs=1)


def test_the_record_holds_what_must_hold() -> None:
    """Sources that trained nothing and those that did; what is short stands in docs/models/brain-mri.md."""
    left_out, own = RECORD["left_out"]["by_source"], RECORD["by_source"]
    assert left_out["Sartaj"]["auc"] >= 0.93
    for row in (*left_out.values(), *own.values()):
        if "headlines right" in row:
            assert row["headlines right"]["value"] >= 0.95
        assert row.get("tumours with the headline no tumour", {"value": 0})["value"] <= 0.02
    for plane in ("axial", "coronal", "sagittal"):
        assert left_out[f"Colin27 {plane}"]["healthy with the headline tumour"]["value"] <= 0.02
    assert own["Br35H"]["found"]["value"] >= 0.93
    assert own["Br35H"]["called healthy"]["value"] >= 0.96
    assert all(row["calibration error, tumour or none"] <= 0.08 for row in own.values())
    maps = RECORD["localisation"]
    assert maps["class activation map"]["energy"] >= 0.60
    assert maps["class activation map"]["overlap"] >= 0.40
    assert all(maps[f"class activation map{name}"]["pointing"] >= least for name, least in POINTING.items())
    painted = RECORD["changes"]["tumour"]
    assert painted["tumour painted over: now no tumour"]["value"] >= 0.85
    assert painted["as much painted over elsewhere: class stays"]["value"] >= 0.95


def test_the_page_of_the_model_shows_the_records_figures() -> None:
    assert figures(RECORD) in PAGE.read_text(encoding="utf-8")


def test_the_training_vectors_carry_labels_and_sources_but_no_picture() -> None:
    known = known_slices()
    assert set(load_file(VECTORS)) == {"vectors", "labels", "sources", "numbers"}
    assert known.vectors.shape == (len(known.labels), 1280)
    assert not known.vectors.flags.writeable
    healthy = known.labels == CLASS_NAMES.index("no tumour")
    assert not healthy[known.sources == SOURCES.index("Cheng")].any()
    counts = RECORD["split"]["slices"]
    for source in ("Cheng", "Br35H", "Sartaj"):
        found = np.bincount(known.labels[known.sources == SOURCES.index(source)], minlength=4).tolist()
        told = {name: parts["train"] for name, parts in counts[source].items()}
        assert found == [told.get(name, 0) for name in CLASSES]


@pytest.mark.data
def test_a_training_slice_finds_itself_and_a_photograph_is_unfamiliar(model: LoadedModel) -> None:
    known, folder = known_slices(), shared("brain-mri")
    itself = familiarity(known.vectors, vector(model, xai.load_image(folder / "glioma" / "0209.jpg")), known.limit)
    assert itself.similarities[0] == pytest.approx(1, abs=1e-3)
    assert known.numbers[itself.neighbours[0]] == 209
    assert itself.familiar
    photo = familiarity(known.vectors, vector(model, xai.load_sample("coffee")), known.limit)
    assert photo.distance > itself.distance


def test_distances_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    vectors, recipe = rng.random((50, 8), np.float32), rng.random(8, np.float32)
    found = familiarity(vectors, recipe, limit=0.5)
    far, rows = NearestNeighbors(n_neighbors=5, metric="cosine").fit(vectors).kneighbors(recipe[None])
    assert found.neighbours.tolist() == rows[0].tolist()
    assert found.distance == pytest.approx(far.mean(), abs=1e-6)
    assert 1 - found.similarities[0] == pytest.approx(cosine(vectors[rows[0, 0]], recipe), abs=1e-6)


def vector(model: LoadedModel, image: SourceImage) -> np.ndarray:
    image_pass = xai.forward_image(model, image, ["bn2"])
    return image_pass.forward_pass.activations["bn2"].detach().mean(dim=(2, 3))[0].numpy()
