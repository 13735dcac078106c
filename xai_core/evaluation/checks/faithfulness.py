"""Does the model use what the map shows? Deletion and insertion of one picture, beside those of maps that know nothing.

Petsiuk et al., RISE, BMVC 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from xai_core.errors import SettingError
from xai_core.evaluation.check import (
    PROBABILITY,
    SHARE_OF_IMAGE,
    Beside,
    Check,
    Curves,
    Drawing,
    Level,
    Line,
    Note,
    Role,
)
from xai_core.evaluation.erase import Fill, filled
from xai_core.evaluation.map_under_test import BATCH, MapUnderTest, probability, refuse_empty
from xai_core.evaluation.rival_maps import PATCH, PLACED, TESTABLE, WORTH, centre, misplaced, ranks, shuffled
from xai_core.render.recipe import percent, points
from xai_core.types import LoadedModel, ModelInput, ProgressCallback, no_progress

Kind = Literal["deletion", "insertion"]
STEPS = 10
CARD_STEPS = 5  # a fifth of the picture each: what the card's passes allow
RANDOM_MAPS = 3
RIVALS = ("middle", "mirrored", "moved by half")
MARKED = 0.2  # the share of the pixels that "the marked area" means in words


@dataclass(frozen=True, eq=False)
class Curve:
    """fractions: float (s + 1,), share of the pixels removed (deletion) or shown (insertion), from 0 to 1.

    probabilities: float32 (s + 1,), of the class. fill: what stands where the picture does not.
    """

    kind: Kind
    fill: Fill
    fractions: np.ndarray
    probabilities: np.ndarray

    @property
    def auc(self) -> float:
        """Area under the curve by trapezoids, [0, 1]: low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.probabilities, self.fractions))

    def at(self, fraction: float) -> float:
        """The probability at a share of the pixels, linear between the steps."""
        return float(np.interp(fraction, self.fractions, self.probabilities))


@dataclass(frozen=True, eq=False)
class Trial:
    """One curve for the map, for each rival of RIVALS, and for the map's own cells in random places."""

    own: Curve
    rivals: tuple[Curve, ...]
    random: tuple[Curve, ...]


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """deletion, insertion: the curves. Gains are insertion area minus deletion area: the more the better, [-1, 1]."""

    deletion: Trial
    insertion: Trial

    @property
    def probability(self) -> float:
        """Of the class, for the untouched picture."""
        return float(self.deletion.own.probabilities[0])

    @property
    def gain(self) -> float:
        return self.insertion.own.auc - self.deletion.own.auc

    @property
    def rival_gains(self) -> tuple[float, ...]:
        """In the order of RIVALS."""
        return _gains(self.insertion.rivals, self.deletion.rivals)

    @property
    def random_gains(self) -> tuple[float, ...]:
        return _gains(self.insertion.random, self.deletion.random)

    @property
    def kept(self) -> float:
        """The class's probability when only the marked fifth of the picture stays sharp."""
        return self.insertion.own.at(MARKED)

    @property
    def without(self) -> float:
        """The class's probability when the marked fifth is painted grey."""
        return self.deletion.own.at(MARKED)


def _gains(inserted: Sequence[Curve], deleted: Sequence[Curve]) -> tuple[float, ...]:
    return tuple(one.auc - other.auc for one, other in zip(inserted, deleted, strict=True))


def curves(
    model: LoadedModel,
    given: ModelInput,
    maps: Sequence[np.ndarray],
    class_index: int,
    *,
    kind: Kind,
    fill: Fill,
    steps: int = STEPS,
    batch: int = BATCH,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> list[Curve]:
    """One curve for each of `maps` (h, w) of one picture, after Petsiuk et al., RISE, BMVC 2018.

    RISE deletes to grey (the mean colour) and inserts into the blurred picture. steps: equal shares of the pixels,
    where RISE takes 224 pixels at a time. The ends are the same for every map and computed once:
    2 + maps * (steps - 1) passes, `batch` at a time. seed: of the order among equal values.
    SettingError: steps or batch below 1.
    """
    if steps < 1 or batch < 1:
        raise SettingError(f"Steps and batch are at least 1; {steps} and {batch} were given.")
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    ranked = [torch.from_numpy(ranks(values, size, seed)).to(given.tensor.device) for values in maps]
    counts = np.round(np.linspace(0, 1, steps + 1) * size[0] * size[1]).astype(int)
    wanted = [ranked[0] < counts[0], ranked[0] < counts[-1]]
    masks = iter([*wanted, *(order < count for order in ranked for count in counts[1:-1])])
    total = 2 + len(maps) * (steps - 1)
    empty = filled(model, given.tensor, fill)
    inside, outside = (empty, given.tensor) if kind == "deletion" else (given.tensor, empty)
    asked: list[Tensor] = []
    while chunk := list(islice(masks, batch)):
        asked.append(probability(model, torch.where(torch.stack(chunk)[:, None], inside, outside), class_index))
        on_progress(sum(map(len, asked)), total)
    found = torch.cat(asked).cpu().numpy()
    first, last, inner = found[:1], found[1:2], found[2:].reshape(len(maps), steps - 1)
    return [Curve(kind, fill, counts / counts[-1], np.concatenate([first, row, last])) for row in inner]


def faithfulness(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    class_index: int,
    *,
    steps: int = STEPS,
    on_progress: ProgressCallback = no_progress,
) -> Faithfulness:
    """Deletion to grey and insertion into a blur for a signed map (h, w): 130 passes by default. Raises as
    `refuse_empty`."""
    refuse_empty(values)
    middle = centre((int(given.tensor.shape[2]), int(given.tensor.shape[3])))
    random = [shuffled(values, number) for number in range(RANDOM_MAPS)]
    maps = [values, middle, *misplaced(values).values(), *random]
    each = 2 + len(maps) * (steps - 1)

    def trial(kind: Kind, fill: Fill, before: int) -> Trial:
        def tell(done: int, _total: int) -> None:
            on_progress(before + done, 2 * each)

        own, *others = curves(model, given, maps, class_index, kind=kind, fill=fill, steps=steps, on_progress=tell)
        return Trial(own, tuple(others[: len(RIVALS)]), tuple(others[len(RIVALS) :]))

    return Faithfulness(trial("deletion", "grey", 0), trial("insertion", "blurred", each))


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> Faithfulness:
    p = tested.image_pass
    requested = (p.model, p.given, tested.regions, tested.class_index)
    return faithfulness(*requested, steps=CARD_STEPS, on_progress=on_progress)


def _level(found: Faithfulness) -> Level:
    """good: by WORTH better than each random map, by PLACED than each of RIVALS. bad: WORTH below each random."""
    worth, placed = WORTH * found.probability, PLACED * found.probability
    if found.probability < TESTABLE:
        return "unclear"
    if found.gain <= min(found.random_gains) - worth:
        return "bad"
    knows = found.gain >= max(found.random_gains) + worth and found.gain >= max(found.rival_gains) + placed
    return "good" if knows else "unclear"


def _summary(found: Faithfulness, tested: MapUnderTest) -> str:
    chance = float(np.mean([curve.at(MARKED) for curve in found.deletion.random]))
    return (
        f"Without the {percent(MARKED)} that it marks most, {tested.class_name} goes from {percent(found.probability)} "
        f"to **{percent(found.without)}**; without random places: {percent(chance)}."
    )


def _details(found: Faithfulness, tested: MapUnderTest) -> str:
    name, fifth = tested.class_name, percent(MARKED)
    middle, mirrored, moved = found.rival_gains
    return (
        f"Of its {percent(found.probability)}, {name} keeps **{percent(found.without)}** when the {fifth} of the "
        f"picture that the map marks most is painted grey, and has {percent(found.kept)} when only they stay sharp. "
        f"On average over all shares of the picture, {name} is **{points(found.gain)}** more probable while the marked "
        f"places come back than while they go. For random maps this is at best "
        f"{points(max(found.random_gains))}, for a spot in the middle {points(middle)}, for this map mirrored "
        f"{points(mirrored)} and moved by half the picture {points(moved)}."
    )


def _chart(found: Faithfulness, tested: MapUnderTest) -> tuple[Drawing, ...]:
    """Both curves side by side: this map, the random ones, the middle, and the map at the wrong place."""
    both = Beside(
        (
            _drawn(found.deletion, "Painted grey, the highest first: a good map's curve is low."),
            _drawn(found.insertion, "Brought back from a blur, the highest first: a good map's curve is high."),
        )
    )
    if not tested.pixels:
        return (both,)
    return (
        Note(
            f"This map has a value for every pixel. It is tested in patches of {PATCH} × {PATCH} pixels, here and in "
            "the next check: scattered pixels torn out would break any picture, whatever they mean."
        ),
        both,
    )


def _drawn(trial: Trial, caption: str) -> Curves:
    def line(curve: Curve, name: str, role: Role) -> Line:
        return Line(name, curve.fractions, curve.probabilities, role)

    chance = (line(curve, "random maps", "chance") for curve in trial.random)
    rivals = (line(curve, name, "middle") for curve, name in zip(trial.rivals, RIVALS, strict=True))
    lines = (line(trial.own, "this map", "own"), *rivals, *chance)
    alt = f"Probability of the class under {trial.own.kind}: this map, random maps, the middle, the map misplaced"
    return Curves(trial.own.kind, caption, lines, SHARE_OF_IMAGE, PROBABILITY, alt)


CHECK = Check(
    key="faithfulness",
    question="Does the model use what the map shows?",
    doing="Taking the picture apart",
    run=_run,
    level=_level,
    meanings={
        "good": "The model uses these places: changing them counts for more than changing random ones, the middle of "
        "the picture, or what the same map marks when it is mirrored or moved.",
        "unclear": "The map is not clearly better than chance; or the middle of the picture, or the same map at a "
        "wrong place, does nearly as well, as where the object fills the picture.",
        "bad": "Random places do better: the model does not use what the map marks.",
    },
    threshold="**Use**: how much more probable the class is, on average, while the marked places come back than while "
    "they go (area under insertion minus area under deletion). Passes where this exceeds that of every random map by "
    f"{percent(WORTH)} of the class's probability, and by {percent(PLACED)} that of a spot in the middle and of the "
    f"map mirrored and moved by half the picture. Fails where it is below every random map's by {percent(WORTH)}. "
    f"Undecided below a probability of {percent(TESTABLE)}.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=61,
    source="Petsiuk et al. 2018 (deletion, insertion)",
)
