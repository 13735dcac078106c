"""What the Trust card says: a sentence with the figures for each check, and what each of its levels means."""

from __future__ import annotations

from xai_core.evaluation import verdict
from xai_core.evaluation.faithfulness import MARKED, Faithfulness
from xai_core.evaluation.randomisation import Cascade
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.evaluation.verdict import Level, Verdict
from xai_core.models.class_names import short_name
from xai_core.render.recipe import percent
from xai_core.types import Prediction

BADGES: dict[Level, str] = {
    "good": ":green-badge[:material/check_circle: passes]",
    "unclear": ":orange-badge[:material/help: undecided]",
    "bad": ":red-badge[:material/cancel: fails]",
}
WHY = (
    "Heat maps are often believed without reason. Four checks put this one to the test on this picture, and say in "
    "words what they find."
)
VERDICTS: dict[Level, str] = {
    "good": "**The checks support this map.** All four pass. It still shows where, not why, and says nothing about "
    "whether the model is right.",
    "unclear": "**Read this map with care.** No check fails, but not all of them pass.",
    "bad": "**Do not rely on this map.** At least one check fails.",
}
NOT_YET = {False: "**Not all checks are made yet.**", True: "**The checks are running.**"}
MEANINGS: dict[str, dict[Level, str]] = {
    "faithfulness": {
        "good": "The model uses these places: changing them counts for more than changing random ones, and for no less "
        "than changing the middle of the picture.",
        "unclear": "The map does better than chance, but not clearly, or a spot in the middle does it as well.",
        "bad": "Random places do as well: nothing here shows that the model uses what the map marks.",
    },
    "cascade": {
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
}
_WORTH, _TESTABLE = percent(verdict.WORTH), percent(verdict.TESTABLE)
THRESHOLDS = f"""
The verdict has three levels and no score. The highest needs all four checks to pass; one that fails gives the lowest.

- **Use**: passes where the map's gain (area under insertion minus area under deletion) exceeds that of every random map
  by {_WORTH} of the class's probability and is behind the middle's by no more than that. Fails where it is not above
  the random maps' mean. Undecided below a probability of {_TESTABLE}.
- **Network**: the mean rank correlation while the upper half forgets; passes up to {verdict.ALIKE}, fails
  above {verdict.SAME}.
- **Class**: the mean rank correlation with classes that the model does not see; passes up to {verdict.ALIKE}, fails
  above {verdict.SAME}.
- **Stability**: the median rank correlation over six changes; passes from {verdict.STEADY}, fails
  below {verdict.SHAKY}.
- **An unsure model** overrides: if its two best classes are less than {percent(verdict.UNSURE_MARGIN)} apart, no map
  gets the highest level.

Rank correlation: 1 for the same order of places, 0 for no relation. The thresholds are conventions, chosen on two
sample photographs, not laws.

Petsiuk et al. 2018 (deletion, insertion) · Adebayo et al. 2018 (randomisation)
"""


def headline(found: Verdict, prediction: Prediction, running: bool = False) -> str:
    """The verdict in words; an unsure model comes first."""
    says = VERDICTS[found.level] if found.complete or found.level == "bad" else NOT_YET[running]
    if not found.unsure:
        return says
    first, second = (short_name(scored.name) for scored in prediction.top(2))
    return (
        f"**The model itself is unsure**: {first} and {second} are only {percent(verdict.margin(prediction))} apart. "
        f"A map of a guess stays a guess. {says}"
    )


def use(found: Faithfulness, name: str) -> str:
    fifth = percent(MARKED)
    return (
        f"Of its {percent(found.probability)}, {name} keeps **{percent(found.without)}** when the {fifth} of the "
        f"picture that the map marks most are painted grey, and has {percent(found.kept)} when only they stay sharp. "
        f"Gain over all shares: **{signed(found.gain)}**, random maps at best {signed(max(found.random_gains))}, "
        f"a spot in the middle {signed(found.centre_gain)}."
    )


def network(found: Cascade) -> str:
    last = found.steps[-1].similarity
    return (
        "We let a copy of the network forget what it learned, from the classifier down. While its upper half forgets, "
        f"the rank correlation with this map is **{signed(found.resemblance)}** on average; when all is forgotten it "
        f"is {signed(last.rank_correlation)} (structural similarity {signed(last.ssim)})."
    )


def classes(found: Specificity) -> str:
    runner_up = (
        f"that of the runner-up, {short_name(found.runner_up.name)}, by "
        f"{signed(found.runner_up.similarity.rank_correlation)}"
    )
    if not found.random:
        return f"The model has too few classes for a random one; the map resembles {runner_up} (rank correlation)."
    names = ", ".join(short_name(other.name) for other in found.random)
    return (
        f"The maps of classes that the model does not see here ({names}) resemble this one by "
        f"**{signed(found.resemblance)}** on average, {runner_up} (rank correlation)."
    )


def stable(found: Stability, name: str) -> str:
    low, high = (f(answer.probability for answer in found.answers) for f in (min, max))
    return (
        "Under noise, a small shift, a mirror image, less and more contrast the rank correlation is typically "
        f"**{signed(found.typical)}**, at worst {signed(found.worst.similarity.rank_correlation)} "
        f"({found.worst.name}). Meanwhile {name} stays between {percent(low)} and {percent(high)}."
    )


def signed(value: float) -> str:
    """Two digits, with a true minus sign, and no minus before a zero."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
