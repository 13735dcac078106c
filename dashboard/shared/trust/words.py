"""What the Trust card says: a sentence with the figures for each check, and what each of its levels means."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.core.plain_text import class_in_prose
from xai_core.evaluation import verdict
from xai_core.evaluation.faithfulness import MARKED, Faithfulness
from xai_core.evaluation.parameter_randomisation import ParameterRandomisation
from xai_core.evaluation.planted.results import stored
from xai_core.evaluation.resolution import FRAME, Resolution
from xai_core.evaluation.rival_maps import PATCH
from xai_core.evaluation.road import SHARES, Road
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.evaluation.verdict import Level, Verdict
from xai_core.render.recipe import percent, signed
from xai_core.types import Prediction

BADGES: dict[Level | None, str] = {
    None: ":gray-badge[:material/info: a fact]",
    "good": ":green-badge[:material/check_circle: passes]",
    "unclear": ":orange-badge[:material/help: undecided]",
    "bad": ":red-badge[:material/cancel: fails]",
}
WHY = (
    "Heat maps are often believed without reason. Six checks put this one to the test on this picture, and say in "
    "words what they find."
)
VERDICTS: dict[Level, str] = {
    "good": "**The checks support this map.** None of them objects. It still shows where, not why, and says nothing "
    "about whether the model is right.",
    "unclear": "**Read this map with care.** No check fails, but this is not enough for the highest level.",
    "bad": "**Do not rely on this map.** At least one check fails.",
}
OBJECTIONS: dict[Level, str] = {"good": "", "unclear": "Undecided", "bad": "Failed"}
NOT_YET = {False: "**Not all checks are made yet.**", True: "**The checks are running.**"}
MEANINGS: dict[str, dict[Level, str]] = {
    "faithfulness": {
        "good": "The model uses these places: changing them counts for more than changing random ones, and for no less "
        "than changing the middle of the picture.",
        "unclear": "The map does better than chance, but not clearly, or a spot in the middle does it as well.",
        "bad": "Random places do as well: nothing here shows that the model uses what the map marks.",
    },
    "road": {
        "good": "The class lives on the marked places: it falls faster without them than without the others.",
        "unclear": "The marked places count, but hardly more than chance or the middle of the picture.",
        "bad": "The class loses as much without the places that the map marks lowest.",
    },
    "parameter_randomisation": {
        "good": "The map depends on what the network has learned. One random twin is a spot check, no proof.",
        "unclear": "Part of the map would look like this in a network that has forgotten what it learned.",
        "bad": "A network that has forgotten what it learned gives nearly the same map: it draws the picture, not the "
        "model.",
    },
    "specificity": {
        "good": "Other classes have other maps. A runner-up of the same kind may rightly share its evidence.",
        "unclear": "Part of the map stays, whatever class is asked for.",
        "bad": "Any class has nearly this map: do not read it as evidence for this one.",
    },
    "stability": {
        "good": "Changes that no one would notice leave the map as it is.",
        "unclear": "Small changes of the picture move part of the map: trust its clusters, not its details.",
        "bad": "Small changes of the picture give another map: this one is partly chance.",
    },
    "resolution": {
        "good": "The evidence lies on the head, as far as a grid of this size can tell.",
        "unclear": "Part of the evidence lies outside the head, where nothing of the patient is.",
        "bad": "The evidence lies outside the head as much as in it: it does not come from the patient.",
    },
}
NO_LEVEL = (
    "Nothing inside one cell can be told apart, whatever the smooth colours suggest. This is a fact about the network "
    "and counts for no level: where the object lies is not known."
)


def _points(share: float) -> str:
    """A difference of two probabilities, in percentage points."""
    return f"{100 * share:.2g} points"


_WORTH, _TESTABLE = percent(verdict.WORTH), percent(verdict.TESTABLE)
_RANKS = percent(stored().verdicts["ranking quality of methods that ask about the class"])
THRESHOLDS = f"""
The verdict has three levels and no score. For the highest every check must be made and none may object; one that fails
gives the lowest.

- **Use**: how much more probable the class is, on average, while the marked places come back than while they go (area
  under insertion minus area under deletion). Passes where this exceeds that of every random map by {_WORTH} of the
  class's probability and is behind the middle's by no more than that. Fails where it is not above the random mean.
  Undecided below a probability of {_TESTABLE}.
- **Gaps filled in**: what is left without the lowest places minus what is left without the highest, on average.
  Passes where this exceeds chance by {_WORTH} of the class's probability, and is behind the middle's by no more than
  that. Fails at 0 and below.
- **Network**: the mean likeness while the upper half forgets; passes up to {verdict.ALIKE}, fails
  above {verdict.SAME}.
- **Class**: the mean likeness to the maps of classes that the model does not see; passes up to {verdict.ALIKE}, fails
  above {verdict.SAME}.
- **Stability**: the median likeness over six changes; passes from {verdict.STEADY}, fails
  below {verdict.SHAKY}.
- **Grid**: has a level only for slices of a head. Passes where the share of evidence outside the head is at most
  {percent(verdict.OUTSIDE)} of the share of the area there; fails where it is as large.
- **An unfamiliar picture** overrides: if it is farther from the training pictures than 95 % of held-out ones, no map
  gets the highest level. Known for the brain MRI model only.
- **An unsure model** overrides: if its two best classes are less than {_points(verdict.UNSURE_MARGIN)} apart, no map
  gets the highest level.

Likeness is rank correlation: 1 for the same order of places, 0 for no relation. Maps of pixels are tested in patches of
{PATCH} × {PATCH}. The thresholds are conventions, chosen on two sample photographs, not laws. Where the evidence
was planted, a good map gets a higher level than a bad one with a chance of {_RANKS} (Bench page).

Petsiuk et al. 2018 (deletion, insertion) · Rong et al. 2022 (ROAD: noisy linear imputation) ·
Adebayo et al. 2018 (randomisation)
"""


def headline(found: Verdict, prediction: Prediction, objections: Sequence[str] = (), running: bool = False) -> str:
    """The verdict in words; an unsure model comes first. objections: the questions of the checks that decided it."""
    says = VERDICTS[found.level] if found.complete or found.level == "bad" else NOT_YET[running]
    if objections and says == VERDICTS[found.level]:
        says += f" {OBJECTIONS[found.level]}: {' '.join(f'*{question}*' for question in objections)}"
    if found.unfamiliar:
        says = (
            "**This picture is unlike those that the model was trained on.** Whatever the map shows, the answer that "
            f"it explains is not to be relied on. {says}"
        )
    if not found.unsure:
        return says
    first, second = (class_in_prose(scored.name) for scored in prediction.top(2))
    return (
        f"**The model itself is unsure**: {first} and {second} are only {_points(verdict.margin(prediction))} apart. "
        f"A map of a guess stays a guess. {says}"
    )


def meaning(name: str, level: Level | None) -> str:
    """What a check's level means; a fact without a level says so."""
    return NO_LEVEL if level is None else MEANINGS[name][level]


def use(found: Faithfulness, name: str) -> str:
    fifth = percent(MARKED)
    return (
        f"Of its {percent(found.probability)}, {name} keeps **{percent(found.without)}** when the {fifth} of the "
        f"picture that the map marks most is painted grey, and has {percent(found.kept)} when only they stay sharp. "
        f"On average over all shares of the picture, {name} is **{points(found.gain)}** more probable while the marked "
        f"places come back than while they go. For random maps this is at best "
        f"{points(max(found.random_gains))}, for a spot in the middle {points(found.centre_gain)}."
    )


def filled(found: Road, name: str) -> str:
    first, last = percent(SHARES[0]), percent(1 - SHARES[-1])
    return (
        "Places are removed and the gaps filled in from around, so that no edge gives them away. Without the highest "
        f"{first} of the map {name} keeps **{percent(float(found.own.most[0]))}** of its {percent(found.probability)}, "
        f"without the lowest {first} it keeps {percent(float(found.own.least[0]))}. When only the highest {last} "
        f"are kept, it has {percent(found.kept)}: a drop in confidence of {percent(found.drop)}. On average over "
        f"{len(SHARES)} shares it keeps **{points(2 * found.own.gap)}** more without the lowest places than without "
        f"the highest. A spot in the middle has {points(2 * found.centre.gap)}, chance alone up to "
        f"{points(2 * found.chance)}."
    )


def fine(found: Resolution) -> str:
    rows, columns = found.grid
    where = "outside the head" if found.known else f"in the outer {percent(FRAME)} frame of the picture"
    lies = (
        f"{percent(found.outside)} of the evidence lies {where}, which is {percent(found.area)} of what the model saw."
    )
    if found.field is None:
        return f"This map has a value for each of the {rows} × {columns} pixels that the model reads. {lies}"
    field = (found.field.bottom - found.field.top, found.field.right - found.field.left)
    sees = "the whole input" if found.whole else f"{_size(found, field)}"
    return f"The map has {rows} × {columns} cells. One cell is {_size(found, found.cell)}; it sees {sees}. {lies}"


def scale_caption(found: Resolution) -> str:
    if found.field is None:
        return "The map's strongest places."
    return "Thin frame: the strongest cell. Bold frame: all that this cell sees."


def _size(found: Resolution, size: tuple[float, float]) -> str:
    """Height by width, in millimetres where they are known."""
    mm = found.in_mm(size)
    pixels = f"{size[0]:.0f} × {size[1]:.0f} pixels"
    return f"{pixels} ({mm[0]:.0f} × {mm[1]:.0f} mm)" if mm else pixels


def network(found: ParameterRandomisation) -> str:
    last = found.steps[-1].similarity
    return (
        "We let a copy of the network forget what it learned, from the classifier down. While its upper half forgets, "
        f"its map's likeness to this one is **{signed(found.resemblance)}** on average; when all is forgotten it is "
        f"{signed(last.rank_correlation)}. Likeness is rank correlation: 1 for the same order of places, 0 for no "
        "relation."
    )


def classes(found: Specificity) -> str:
    runner_up = (
        f"that of the runner-up, {class_in_prose(found.runner_up.name)}, by "
        f"{signed(found.runner_up.similarity.rank_correlation)}"
    )
    if not found.random:
        return f"The model has too few classes for a random one; the map resembles {runner_up} (likeness, at most 1)."
    names = ", ".join(class_in_prose(other.name) for other in found.random)
    return (
        f"The maps of classes that the model does not see here ({names}) resemble this one by "
        f"**{signed(found.resemblance)}** on average, {runner_up} (likeness, at most 1)."
    )


def stable(found: Stability, name: str) -> str:
    low, high = (f(answer.probability for answer in found.answers) for f in (min, max))
    return (
        "Under noise, a small shift, a mirror image, a lighter window, less and more contrast the map's likeness is "
        f"typically **{signed(found.typical)}**, at worst {signed(found.worst.similarity.rank_correlation)} "
        f"({found.worst.name}). Meanwhile {name} stays between {percent(low)} and {percent(high)}."
    )


def points(difference: float) -> str:
    """A difference of two probabilities, in percentage points."""
    return f"{100 * difference:.0f}".replace("-0", "0").replace("-", "−") + " points"
