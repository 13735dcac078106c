"""Does a map find the tumour? Every method at every stage against the boxes of held-out slices, and trivial maps.

python -m benchmarks.brain_mri_localisation --data ../shared/data/brain-mri      the table in docs/models/brain-mri.md

Rightly named slices only. Pointing: the map's highest point lies in the tumour's box. Energy: the share of the map's
positive part that lies in it (of its magnitude, for gradients at pixels). Maps are compared at the network's input,
and the box is brought there through the crop that the network saw.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

import xai_core as xai
from training.brain_mri.lesion import boxes
from training.brain_mri.measure import interval, patients
from training.brain_mri.split import CLASSES, label, slices, split
from xai_core.attribution.catalog import METHODS
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import Method
from xai_core.render.place import resample
from xai_core.types import LoadedModel

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models" / "brain-mri.md"
BEGIN, END = "<!-- localisation: begin -->", "<!-- localisation: end -->"
FEWER = {"score_cam": 8, "ablation_cam": 2, "occlusion": 12, "smooth_grad": 20, "integrated_gradients": 20}  # slices
FASTER: Mapping[str, Mapping[str, object]] = {
    "score_cam": {"channels": 32},
    "smooth_grad": {"samples": 15},
    "integrated_gradients": {"steps": 20},
}
BY_MAGNITUDE = {"gradient", "gradient_x_input", "smooth_grad", "integrated_gradients", "guided_backprop", "deconvnet"}


@dataclass(frozen=True)
class Found:
    """One map of one slice: row is the slice's place among all slices."""

    row: int
    hit: bool
    energy: float


def find(values: np.ndarray, inside: np.ndarray, row: int) -> Found:
    """A map (h, w) at the input's size against the tumour's box, bool (h, w). A map without evidence finds nothing."""
    positive = np.clip(np.nan_to_num(values), 0, None)
    if positive.max() <= 0:
        return Found(row, False, 0.0)
    return Found(row, bool(inside.flat[positive.argmax()]), float(positive[inside].sum() / positive.sum()))


def in_box(box: np.ndarray, side: int) -> np.ndarray:
    """bool (side, side): pixels whose centre lies in the box (4,), centre x, y, width, height."""
    y, x = np.ogrid[:side, :side]
    return (np.abs(x + 0.5 - box[0]) < box[2] / 2) & (np.abs(y + 0.5 - box[1]) < box[3] / 2)


def trivial(view: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Maps that know nothing of the network, from its input (side, side)."""
    y, x = np.ogrid[-1 : 1 : view.shape[0] * 1j, -1 : 1 : view.shape[1] * 1j]
    return {
        "centre": np.exp(-4 * (x**2 + y**2)),
        "intensity": view,
        "edges": ndimage.gaussian_gradient_magnitude(view, 1),
        "random": rng.random(view.shape),
    }


def maps_of(image_pass: ImageForwardPass, method: Method, layers: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """(layer, map (side, side)) of the named class for every layer at which the method is defined."""
    defined = [
        layer for layer in method.defined_at(image_pass.model.module, image_pass.forward_pass) if layer in layers
    ]
    wanted = defined if method.target == "layer" else layers[-1:]
    settings = FASTER.get(method.key)
    result = xai.explain_forward_pass(image_pass, method.key, wanted, settings=settings)
    for layer, values in result.maps.items():
        raw = np.abs(values[0]) if method.key in BY_MAGNITUDE else values[0]
        yield layer, resample(raw, image_pass.model.config.input_size)


def run(model: LoadedModel, data: Path, limit: int) -> dict[tuple[str, str], list[Found]]:
    """{(method, layer): what it found} over the rightly named tumour slices of the test blocks."""
    paths, rng = slices(data), np.random.default_rng(0)
    stages = [layer.name for layer in xai.layers(model) if layer.stage_end]
    chosen = np.flatnonzero((split(paths) == "test") & np.array([p.parent.name != "no_tumor" for p in paths]))
    spread = rng.permutation(chosen)[: limit or None]  # a method that takes fewer slices takes the first of these
    reasons = xai.methods(model)
    found: dict[tuple[str, str], list[Found]] = {}
    applicable = [method for method in METHODS if reasons[method.key] is None]
    seen = 0
    for row in spread:
        image = xai.load_image(paths[row])
        image_pass = xai.forward_image(model, image, stages)
        if int(image_pass.prediction.scores.argmax()) != label(paths[row]):
            continue
        side = model.config.input_size[0]
        (box,) = boxes(data, [paths[row]], [image_pass.given.box], [image.size], side)
        inside = in_box(box, side)
        maps = {("trivial", name): values for name, values in trivial(grey(image_pass), rng).items()}
        for method in applicable:
            if seen < FEWER.get(method.key, len(paths)):
                maps |= {(method.key, layer): values for layer, values in maps_of(image_pass, method, stages)}
        for key, values in maps.items():
            found.setdefault(key, []).append(find(values, inside, int(row)))
        seen += 1
        if seen % 10 == 0:
            print(f"{seen} slices", flush=True)
    return found


def grey(image_pass: ImageForwardPass) -> np.ndarray:
    return image_pass.given.tensor[0, 0].numpy() * image_pass.model.config.std[0] + image_pass.model.config.mean[0]


def table(found: Mapping[tuple[str, str], Sequence[Found]], labels: np.ndarray, titles: Mapping[str, str]) -> list[str]:
    """Markdown rows: method, layer, pointing and energy with intervals, slices."""
    rows = ["| Method | Layer | Pointing game | Energy in the box | Slices |", "|---|---|---|---|---|"]
    for (method, layer), every in found.items():
        pointing, energy = (
            with_interval(np.array(values, float), every, labels)
            for values in ([f.hit for f in every], [f.energy for f in every])
        )
        rows.append(f"| {titles.get(method, method)} | {layer} | {pointing} | {energy} | {len(every)} |")
    return rows


def with_interval(values: np.ndarray, found: Sequence[Found], labels: np.ndarray) -> str:
    """A mean with its 95 % interval, patients resampled: "0.71 (0.64 to 0.77)"."""
    groups = patients(labels, np.array([f.row for f in found]))
    low, high = interval(lambda rows: float(values[rows].mean()), groups)
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


def by_class(found: Sequence[Found], labels: np.ndarray) -> list[str]:
    """The suggested layer's figures, one row a tumour."""
    rows = ["| Tumour | Pointing game | Energy in the box | Slices |", "|---|---|---|---|"]
    for c, name in enumerate(CLASSES):
        of_class = [f for f in found if labels[f.row] == c]
        if of_class:
            hits, energies = np.array([f.hit for f in of_class], float), np.array([f.energy for f in of_class])
            pointing, energy = (with_interval(values, of_class, labels) for values in (hits, energies))
            rows.append(f"| {name} | {pointing} | {energy} | {len(of_class)} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--slices", type=int, default=0, help="of the held-out tumour slices; 0 takes all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = xai.load_model("brain-mri", device="cpu")
    labels = np.array([label(path) for path in slices(options.data)])
    found = run(model, options.data, options.slices)
    titles = {method.key: method.title for method in METHODS} | {"trivial": "*none*"}
    suggested = xai.suggested_layer(model)
    text = "\n".join(
        [
            *table(found, labels, titles),
            "",
            f"Grad-CAM at {suggested}, which the card suggests, by tumour:",
            "",
            *by_class(found[("grad_cam", suggested)], labels),
        ]
    )
    print(text)
    page = options.page.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    options.page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
