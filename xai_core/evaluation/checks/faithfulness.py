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
from xai_core.evaluation.rival_maps import PATCH, TESTABLE, WORTH, centre, ranks, shuffled
from xai_core.render.recipe import percent, points
from xai_core.types import LoadedModel, ModelInput, ProgressCallback, no_progress

Kind = Literal["deletion", "insertion"]
STEPS = 10
CARD_STEPS = 5  # a fifth of the picture each: what the card's passes allow
RANDOM_MAPS = 3
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
    """One curve for the map, one for a map of the centre, and some for the map's own cells in random places."""

    own: Curve
    centre: Curve
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
    def centre_gain(self) -> float:
        return self.insertion.centre.auc - self.deletion.centre.auc

    @property
    def random_gains(self) -> tuple[float, ...]:
        pairs = zip(self.insertion.random, self.deletion.random, strict=True)
        return tuple(inserted.auc - deleted.auc for inserted, deleted in pairs)

    @property
    def kept(self) -> float:
        """The class's probability when only the marked fifth of the picture stays sharp."""
        return self.insertion.own.at(MARKED)

    @property
    def without(self) -> float:
        """The class's probability when the marked fifth is painted grey."""
        return self.deletion.own.at(MARKED)


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
    """Deletion to grey and insertion into a blur for a signed map (h, w): 94 passes by default. Raises as
    `refuse_empty`."""
    refuse_empty(values)
    rivals = [shuffled(values, number) for number in range(RANDOM_MAPS)]
    maps = [values, centre((int(given.tensor.shape[2]), int(given.tensor.shape[3]))), *rivals]
    each = 2 + len(maps) * (steps - 1)

    def trial(kind: Kind, fill: Fill, before: int) -> Trial:
        def tell(done: int, _total: int) -> None:
            on_progress(before + done, 2 * each)

        own, middle, *random = curves(
            model, given, maps, class_index, kind=kind, fill=fill, steps=steps, on_progress=tell
        )
        return Trial(own, middle, tuple(random))

    return Faithfulness(trial("deletion", "grey", 0), trial("insertion", "blurred", each))


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> Faithfulness:
    p = tested.image_pass
    requested = (p.model, p.given, tested.regions, tested.class_index)
    return faithfulness(*requested, steps=CARD_STEPS, on_progress=on_progress)


def _level(found: Faithfulness) -> Level:
    """good: by WORTH better than each random map, no worse than the centre. bad: no better than random ones' mean."""
    worth = WORTH * found.probability
    if found.probability < TESTABLE:
        return "unclear"
    if found.gain <= np.mean(found.random_gains):
        return "bad"
    beats_random = found.gain >= max(found.random_gains) + worth
    return "good" if beats_random and found.gain >= found.centre_gain - worth else "unclear"


def _summary(found: Faithfulness, tested: MapUnderTest) -> str:
    chance = float(np.mean([curve.at(MARKED) for curve in found.deletion.random]))
    return (
        f"Without the {percent(MARKED)} that it marks most, {tested.class_name} goes from {percent(found.probability)} "
        f"to **{percent(found.without)}**; without random places: {percent(chance)}."
    )


def _details(found: Faithfulness, tested: MapUnderTest) -> str:
    name, fifth = tested.class_name, percent(MARKED)
    return (
        f"Of its {percent(found.probability)}, {name} keeps **{percent(found.without)}** when the {fifth} of the "
        f"picture that the map marks most is painted grey, and has {percent(found.kept)} when only they stay sharp. "
        f"On average over all shares of the picture, {name} is **{points(found.gain)}** more probable while the marked "
        f"places come back than while they go. For random maps this is at best "
        f"{points(max(found.random_gains))}, for a spot in the middle {points(found.centre_gain)}."
    )


def _chart(found: Faithfulness, tested: MapUnderTest) -> tuple[Drawing, ...]:
    """Both curves side by side: this map, the random ones, the middle."""
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
    lines = (line(trial.own, "this map", "own"), line(trial.centre, "middle", "middle"), *chance)
    alt = f"Probability of the class under {trial.own.kind}: this map, random maps and the middle"
    return Curves(trial.own.kind, caption, lines, SHARE_OF_IMAGE, PROBABILITY, alt)


CHECK = Check(
    key="faithfulness",
    question="Does the model use what the map shows?",
    doing="Taking the picture apart",
    run=_run,
    level=_level,
    meanings={
        "good": "The model uses these places: changing them counts for more than changing random ones, and for no less "
        "than changing the middle of the picture.",
        "unclear": "The map does better than chance, but not clearly, or a spot in the middle does it as well.",
        "bad": "Random places do as well: nothing here shows that the model uses what the map marks.",
    },
    threshold=f"**Use**: how much more probable the class is, on average, while the marked places come back than while "
    f"they go (area under insertion minus area under deletion). Passes where this exceeds that of every random map by "
    f"{percent(WORTH)} of the class's probability and is behind the middle's by no more than that. Fails where it is "
    f"not above the random mean. Undecided below a probability of {percent(TESTABLE)}.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=45,
    source="Petsiuk et al. 2018 (deletion, insertion)",
)
