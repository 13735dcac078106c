"""Is the map stable? The same picture with small changes that no one would call another picture."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from xai_core.evaluation.check import Check, Drawing, MapRow, NamedMap, Note
from xai_core.evaluation.map_under_test import MapUnderTest, Remake, probability, refuse_empty
from xai_core.evaluation.similarity import GRID, Similarity, comparable, of_comparable
from xai_core.render.place import sample_at
from xai_core.render.recipe import percent, signed
from xai_core.types import LoadedModel, ModelConfig, ModelInput, ProgressCallback, no_progress

NOISE = 0.05  # standard deviation, as a share of black to white
SHIFT = 1 / 28  # of each side: 8 of 224 pixels, two cells of the grid on which maps are compared
CONTRASTS = (0.8, 1.25)  # for a scan: a wider and a narrower window
LIGHTER = 0.05  # of black to white; for a scan: a window that stands lower
CHANGES = 4 + len(CONTRASTS)  # how many variants there are, at most
STEADY, SHAKY = 0.7, 0.4  # rank correlations: steady from the one on, shaky below the other


@dataclass(frozen=True, eq=False)
class Variant:
    """A changed picture (1, c, H, W), and how a map float32 (56, 56) of it is laid back on the original."""

    name: str
    tensor: Tensor
    back: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Answer:
    """How the model and its map took one change. probability: of the class, now."""

    name: str
    similarity: Similarity
    probability: float


@dataclass(frozen=True, eq=False)
class Stability:
    """answers: one a change. spread: float32 (56, 56), standard deviation of the maps, each scaled to at most 1."""

    answers: tuple[Answer, ...]
    spread: np.ndarray

    @property
    def worst(self) -> Answer:
        return min(self.answers, key=lambda answer: answer.similarity.rank_correlation)

    @property
    def typical(self) -> float:
        """The median rank correlation with the map of the untouched picture."""
        return float(np.median([answer.similarity.rank_correlation for answer in self.answers]))


def variants(config: ModelConfig, given: ModelInput) -> list[Variant]:
    """Noise, a shift, a mirror image, a lighter window, less and more contrast: all that the network can read.

    A picture of less than 15 pixels is not shifted: one pixel would be too far.
    """
    mean, std = (torch.tensor(values).to(given.tensor).view(-1, 1, 1) for values in (config.mean, config.std))
    pixels = given.tensor * std + mean
    noise = NOISE * torch.randn(pixels.shape, generator=torch.Generator().manual_seed(0)).to(pixels)

    def ready(changed: Tensor) -> Tensor:
        return (changed.clamp(0, 1) - mean) / std

    middle = pixels.mean(dim=(2, 3), keepdim=True)
    height, width = pixels.shape[2:]
    down, right = round(SHIFT * height), round(SHIFT * width)
    shifted = functional.pad(pixels, (right, 0, down, 0), mode="replicate")[..., :height, :width]
    return [
        Variant("noise", ready(pixels + noise), _as_it_is),
        *([Variant("a shift", ready(shifted), _laid_back(down / height, right / width))] if down or right else []),
        Variant("the mirror image", ready(pixels.flip(3)), lambda values: values[:, ::-1]),
        Variant("a lighter window", ready(pixels + LIGHTER), _as_it_is),
        *(
            Variant(f"{'less' if by < 1 else 'more'} contrast", ready(middle + by * (pixels - middle)), _as_it_is)
            for by in CONTRASTS
        ),
    ]


def stability(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    remake: Remake,
    class_index: int,
    *,
    magnitude: bool = False,
    on_progress: ProgressCallback = no_progress,
) -> Stability:
    """Compare a map (h, w) with those of the changed pictures, laid back: up to six maps, and as many passes.

    Where a shift has moved a part out of sight, nothing is compared.
    """
    refuse_empty(values)
    own = comparable(values, magnitude)
    answers, drawn = [], [_scaled(own)]
    changed = variants(model.config, given)
    for done, variant in enumerate(changed, start=1):
        there = comparable(remake(model.module, variant.tensor, [class_index])[0, 0], magnitude)
        back = variant.back(there)
        rows, columns = back.shape
        alike = of_comparable(own[:rows, :columns], np.ascontiguousarray(back))
        answers.append(Answer(variant.name, alike, float(probability(model, variant.tensor, class_index))))
        laid = own.copy()
        laid[:rows, :columns] = back
        drawn.append(_scaled(laid))
        on_progress(done, len(changed))
    return Stability(tuple(answers), np.std(drawn, axis=0).astype(np.float32))


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def _laid_back(down: float, right: float) -> Callable[[np.ndarray], np.ndarray]:
    """Takes back a shift by shares of the sides: a small picture moves by whole pixels, its map by parts of a cell."""

    def back(values: np.ndarray) -> np.ndarray:
        rows, columns = (np.arange(GRID - math.ceil(share * GRID)) + share * GRID + 0.5 for share in (down, right))
        return sample_at(values, rows, columns).astype(np.float32)

    return back


def _scaled(values: np.ndarray) -> np.ndarray:
    top = float(np.abs(values).max())
    return values / top if top > 0 else values


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> Stability:
    p, (remake, one_more) = tested.image_pass, tested.again_and_again(CHANGES, on_progress)
    requested = (p.model, p.given, tested.values, remake, tested.class_index)
    return stability(*requested, magnitude=tested.pixels, on_progress=one_more)


def _summary(found: Stability, _tested: MapUnderTest) -> str:
    return f"When the picture changes a little, the map's likeness to this one is **{signed(found.typical)}**."


def _details(found: Stability, tested: MapUnderTest) -> str:
    low, high = (f(answer.probability for answer in found.answers) for f in (min, max))
    return (
        "Under noise, a small shift, a mirror image, a lighter window, less and more contrast the map's likeness is "
        f"typically **{signed(found.typical)}**, at worst {signed(found.worst.similarity.rank_correlation)} "
        f"({found.worst.name}). Meanwhile {tested.class_name} stays between {percent(low)} and {percent(high)}."
    )


def _chart(found: Stability, _tested: MapUnderTest) -> tuple[Drawing, ...]:
    """Where the map changes most."""
    spread = NamedMap("where it changes most", found.spread, float(found.spread.max()))
    told = (f"{answer.name} {signed(answer.similarity.rank_correlation)}" for answer in found.answers)
    return (MapRow("spread", (spread,)), Note(f"Rank correlation under each change: {', '.join(told)}."))


CHECK = Check(
    key="stability",
    question="Is it stable?",
    doing="Maps of the changed picture",
    run=_run,
    level=lambda found: "good" if found.typical >= STEADY else "bad" if found.typical < SHAKY else "unclear",
    meanings={
        "good": "Changes that no one would notice leave the map as it is.",
        "unclear": "Small changes of the picture move part of the map: trust its clusters, not its details.",
        "bad": "Small changes of the picture give another map: this one is partly chance.",
    },
    threshold=f"**Stability**: the median likeness over {CHANGES} changes; passes from {STEADY}, fails below {SHAKY}.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=34,
    maps=CHANGES,
)
