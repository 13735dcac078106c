"""Remove and debias: what the class loses when marked places go and the gaps are filled so that they leave no trace.

Rong et al., A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML 2022 (ROAD).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xai_core.evaluation.check import PROBABILITY, SHARE_OF_IMAGE, Check, Curves, Drawing, Level, Line
from xai_core.evaluation.imputation import NOISE, impute
from xai_core.evaluation.map_under_test import BATCH, MapUnderTest, probability, refuse_empty
from xai_core.evaluation.rival_maps import PLACED, TESTABLE, WORTH, centre, misplaced, ranks, shuffled
from xai_core.render.recipe import percent, points
from xai_core.types import LoadedModel, ModelInput, ProgressCallback, no_progress

SHARES = (0.2, 0.5, 0.8)
RANDOM_MAPS = 2
RIVALS = ("middle", "mirrored")


@dataclass(frozen=True, eq=False)
class Removal:
    """Probabilities of the class, float32 (s,), at each share of the pixels removed.

    most: the map's highest places go first (MoRF); least: its lowest (LeRF).
    """

    most: np.ndarray
    least: np.ndarray

    @property
    def gap(self) -> float:
        """Half of how much more is left when the lowest places go than when the highest do, [-0.5, 0.5]: pytorch-
        grad-cam's "combined" score. A map that knows nothing has 0 on average."""
        return float(np.mean(self.least - self.most)) / 2


@dataclass(frozen=True, eq=False)
class Road:
    """shares: of the pixels removed, (s,). rivals: in the order of RIVALS.
    random: one row a random map, float32 (r, s), its highest places first.

    probability: of the class, for the untouched picture.
    """

    shares: tuple[float, ...]
    probability: float
    own: Removal
    rivals: tuple[Removal, ...]
    random: np.ndarray

    @property
    def chance(self) -> float:
        """The largest gap between two random removals, halved as the gaps are: how far chance alone leads."""
        means = self.random.mean(axis=1)
        return float(np.ptp(means)) / 2

    @property
    def kept(self) -> float:
        """The class's probability when only the marked area is kept, of the size that the last share leaves."""
        return float(self.own.least[-1])

    @property
    def drop(self) -> float:
        """The share of the confidence that is lost when only the marked area is kept, [0, 1]; 0 where it grew."""
        return max(0.0, self.probability - self.kept) / max(self.probability, 1e-12)


def road(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    class_index: int,
    *,
    shares: Sequence[float] = SHARES,
    random_maps: int = RANDOM_MAPS,
    noise: float = NOISE,
    on_progress: ProgressCallback = no_progress,
) -> Road:
    """ROAD of a signed map (h, w): 25 passes and 24 imputations by default. Raises what `refuse_empty` does.

    Unlike pytorch-grad-cam's it follows the probability of one picture, removes exact numbers of pixels (there the
    pixels from a percentile on), orders equals at random, and draws its noise from a seed.
    """
    refuse_empty(values)
    size = (int(given.tensor.shape[2]), int(given.tensor.shape[3]))
    removed = [ranks(m, size) for m in (values, centre(size), misplaced(values)["mirrored"])]
    random = [ranks(shuffled(values, number), size) for number in range(random_maps)]
    last = size[0] * size[1] - 1
    orders = [order for highest in removed for order in (highest, last - highest)] + random
    counts = np.round(np.array(shares) * (last + 1)).astype(int)
    masks = [torch.from_numpy(order < count) for order in orders for count in counts]
    asked = [probability(model, given.tensor, class_index)]
    for start in range(0, len(masks), BATCH):
        chosen = torch.stack(masks[start : start + BATCH]).to(given.tensor.device)
        filled = impute(given.tensor.expand(len(chosen), -1, -1, -1), chosen, noise=noise, seed=start)
        asked.append(probability(model, filled, class_index))
        on_progress(min(start + BATCH, len(masks)), len(masks))
    found = torch.cat(asked).cpu().numpy()
    rows = found[1:].reshape(len(orders), len(counts))
    own, *rivals = (Removal(*rows[2 * i : 2 * i + 2]) for i in range(len(removed)))
    return Road(tuple(shares), float(found[0]), own, tuple(rivals), rows[2 * len(removed) :])


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> Road:
    p = tested.image_pass
    return road(p.model, p.given, tested.regions, tested.class_index, on_progress=on_progress)


def _level(found: Road) -> Level:
    """good: WORTH better than chance, PLACED than the middle, and not by PLACED behind the mirrored map. bad: lowest
    places count more than highest."""
    worth, placed = WORTH * found.probability / 2, PLACED * found.probability / 2  # gaps are halved
    if found.probability < TESTABLE:
        return "unclear"
    if found.own.gap <= 0:
        return "bad"
    middle, mirrored = (rival.gap for rival in found.rivals)
    return "good" if found.own.gap >= max(found.chance + worth, middle + placed, mirrored - placed) else "unclear"


def _summary(found: Road, tested: MapUnderTest) -> str:
    share = percent(SHARES[0])
    return (
        f"Without its highest {share} {tested.class_name} keeps **{percent(float(found.own.most[0]))}**, without its "
        f"lowest {share} it keeps {percent(float(found.own.least[0]))}."
    )


def _details(found: Road, tested: MapUnderTest) -> str:
    first, last = percent(SHARES[0]), percent(1 - SHARES[-1])
    middle, mirrored = found.rivals
    return (
        "Places are removed and the gaps filled in from around, so that no edge gives them away. Without the highest "
        f"{first} of the map {tested.class_name} keeps **{percent(float(found.own.most[0]))}** of its "
        f"{percent(found.probability)}, "
        f"without the lowest {first} it keeps {percent(float(found.own.least[0]))}. When only the highest {last} "
        f"are kept, it has {percent(found.kept)}: a drop in confidence of {percent(found.drop)}. On average over "
        f"{len(SHARES)} shares it keeps **{points(2 * found.own.gap)}** more without the lowest places than without "
        f"the highest. A spot in the middle has {points(2 * middle.gap)}, this map mirrored "
        f"{points(2 * mirrored.gap)}, chance alone up to {points(2 * found.chance)}."
    )


def _chart(found: Road, _tested: MapUnderTest) -> tuple[Drawing, ...]:
    """What is left when the highest places go, and when the lowest go."""
    removed, before = np.array((0.0, *found.shares)), [found.probability]
    lines = (
        Line("highest places of this map gone", removed, np.concatenate([before, found.own.most]), "own"),
        Line("its lowest gone", removed, np.concatenate([before, found.own.least]), "opposite"),
        *(
            Line(f"{name} gone", removed, np.concatenate([before, rival.most]), "middle")
            for name, rival in zip(("middle", "what the mirrored map marks"), found.rivals, strict=True)
        ),
        *(Line("random places gone", removed, np.concatenate([before, row]), "chance") for row in found.random),
    )
    caption = "What is left of the class. A good map has its two lines far apart."
    alt = "Probability as places are removed and filled in: this map, random maps, the middle, the map mirrored"
    return (Curves("removal", caption, lines, SHARE_OF_IMAGE, PROBABILITY, alt),)


CHECK = Check(
    key="road",
    question="Does it, when the gaps are filled in?",
    doing="Filling gaps",
    run=_run,
    level=_level,
    meanings={
        "good": "The class lives on the marked places: it falls faster without them than without the others.",
        "unclear": "The marked places count, but hardly more than chance, the middle, or what the mirrored map marks.",
        "bad": "The class loses as much without the places that the map marks lowest.",
    },
    threshold="**Gaps filled in**: what is left without the lowest places minus what is left without the highest, on "
    f"average. Passes where this exceeds chance by {percent(WORTH)} of the class's probability and a spot in the "
    f"middle by {percent(PLACED)}, and is behind the mirrored map's by no more than that. Fails at 0 and below.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=46,
    source="Rong et al. 2022 (ROAD: noisy linear imputation)",
)
