"""From the checks to a verdict in three levels, and its words; there is no single score, on purpose.

`trust` makes all checks of one map and the verdict: what the Trust card shows.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai_core.attribution.explain import forward_image
from xai_core.attribution.method import INPUT
from xai_core.errors import LayerError, SightlineError
from xai_core.evaluation import checks
from xai_core.evaluation.check import Level, NotHere, run_check
from xai_core.evaluation.familiarity import familiarity_of
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.evaluation.rival_maps import PATCH
from xai_core.models.class_names import short_name
from xai_core.render.recipe import percent
from xai_core.types import Explanation, LoadedModel, Prediction, ProgressCallback, SourceImage, no_progress

UNSURE_MARGIN = 0.1  # between the two most probable classes
VERDICTS: dict[Level, str] = {
    "good": "**The checks support this map.** None of them objects. It still shows where, not why, and says nothing "
    "about whether the model is right.",
    "unclear": "**Read this map with care.** No check fails, but this is not enough for the highest level.",
    "bad": "**Do not rely on this map.** At least one check fails.",
}
LIKENESS = "Likeness: 1 for the same map, 0 for one that has nothing to do with it, below 0 for an opposite one."
_OBJECTIONS: dict[Level, str] = {"unclear": "Undecided", "bad": "Failed"}
_NOT_YET = {False: "**Not all checks are made yet.**", True: "**The checks are running.**"}


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found, by the check's key: `findings.road` is what its `run` gave, None where it was not made or
    has no meaning here.

    AttributeError: there is no such check.
    """

    made: Mapping[str, Any]

    def __getattr__(self, key: str) -> Any:
        if all(check.key != key for check in checks.CHECKS):
            raise AttributeError(f"There is no check '{key}'; {', '.join(check.key for check in checks.CHECKS)} are.")
        found = self.made.get(key)
        return None if isinstance(found, NotHere) else found

    @property
    def levels(self) -> dict[str, Level | None]:
        """The level of each check that was made, by key; None where it gives a fact and no level."""
        made = {check: getattr(self, check.key) for check in checks.CHECKS}
        return {check.key: check.level(found) for check, found in made.items() if found is not None}

    @property
    def whole(self) -> bool:
        """Whether every check has a meaning here and was made."""
        return len(self.levels) == len(checks.CHECKS)

    @property
    def complete(self) -> bool:
        """Whether none is left to be made."""
        return all(self.made.get(check.key) is not None for check in checks.CHECKS)

    @property
    def started(self) -> bool:
        return bool(self.levels)


@dataclass(frozen=True)
class Verdict:
    """level: good only if every check was made and none is less than good, bad if one is bad; unclear otherwise.

    unsure: the model's own margin is low; unfamiliar: the picture is unlike those it was trained on. Either
    overrides: the level is then at most unclear.
    """

    level: Level
    unsure: bool
    unfamiliar: bool
    complete: bool


def verdict(findings: Findings, prediction: Prediction, *, familiar: bool = True) -> Verdict:
    """The level of a map from its checks and the model's answer. familiar: see `evaluation.familiarity`."""
    levels = findings.levels.values()
    unsure = margin(prediction) < UNSURE_MARGIN
    if "bad" in levels:
        return Verdict("bad", unsure, not familiar, findings.complete)
    good = findings.whole and "unclear" not in levels and not unsure and familiar
    return Verdict("good" if good else "unclear", unsure, not familiar, findings.complete)


def margin(prediction: Prediction) -> float:
    """Between the probabilities of the two most probable classes; 1 for a model of one class, or one that measures."""
    if not prediction.answer.probable:
        return 1.0
    first, *others = np.sort(prediction.probabilities)[::-1]
    return float(first - others[0]) if others else 1.0


def headline(
    told: Verdict,
    findings: Findings,
    prediction: Prediction,
    *,
    running: bool = False,
    named: Callable[[str], str] = short_name,
) -> str:
    """The verdict in words (Markdown), with the questions that decided it; an unsure model comes first.

    running: the missing checks are being made. named: how a class's name stands in a sentence.
    """
    if told.complete or told.level == "bad":
        levels, says = findings.levels, VERDICTS[told.level]
        asked = [check.question for check in checks.CHECKS if levels.get(check.key) == told.level != "good"]
        if asked:
            says += f" {_OBJECTIONS[told.level]}: {' '.join(f'*{question}*' for question in asked)}"
    else:
        says = _NOT_YET[running]
    if told.unfamiliar:
        says = (
            "**This picture is unlike those that the model was trained on.** Whatever the map shows, the answer that "
            f"it explains is not to be relied on. {says}"
        )
    if not told.unsure:
        return says
    first, second = (named(scored.name) for scored in prediction.top(2))
    return (
        f"**The model itself is unsure**: {first} and {second} are only {_points(margin(prediction))} apart. "
        f"A map of a guess stays a guess. {says}"
    )


def how_it_is_made(ranking: float, measured: Collection[str]) -> str:
    """The rules (Markdown): each check's threshold, what overrides them, and how well they tell good maps from bad.

    ranking: the chance, [0, 1], that a good map gets a higher level than a bad one (`planted.bench.stored_ranking`).
    measured: the keys of the checks that it was measured with; what has come since is named.
    """
    thresholds = "\n".join(f"- {check.threshold}" for check in checks.CHECKS)
    since = [f"*{check.question}*" for check in checks.CHECKS if check.key not in measured]
    without = f", measured before the card asked {' '.join(since)}" if since else ""
    return f"""
The verdict has three levels and no score. For the highest every check must be made and none may object; one that fails
gives the lowest.

{thresholds}
- **An unfamiliar picture** overrides: if it is farther from the training pictures than 95 % of held-out ones, no map
  gets the highest level. Known for the brain MRI model only.
- **An unsure model** overrides: if its two best classes are less than {_points(UNSURE_MARGIN)} apart, no map
  gets the highest level.

Likeness is rank correlation: 1 for the same order of places, 0 for no relation. Maps of pixels are tested in patches of
{PATCH} × {PATCH}. The thresholds are conventions, chosen on 25 photographs, not laws. Where the evidence was planted,
a good map gets a higher level than a bad one with a chance of {percent(ranking)} (Bench page){without}.

{" · ".join(check.source for check in checks.CHECKS if check.source)}
"""


def _points(share: float) -> str:
    """A difference of two probabilities, in percentage points."""
    return f"{100 * share:.2g} points"


@dataclass(frozen=True, eq=False)
class Trust:
    """checks: what was found, with its figures. levels: of each check that gives one. verdict: of all together."""

    checks: Findings
    levels: Mapping[str, Level | None]
    verdict: Verdict


def trust(
    model: LoadedModel,
    image: SourceImage,
    result: Explanation,
    layer: str | None = None,
    *,
    on_progress: ProgressCallback = no_progress,
) -> Trust:
    """Put the map of the first class of `result` to every check; each record says how many passes it takes.

    layer: of the result; by default its first. on_progress(done, total), in checks, may raise to stop.
    SightlineError: the result is of another picture or model, or its map is the same everywhere.
    """
    if (result.image_digest, result.weights_digest) != (image.digest, model.digest):
        raise SightlineError("The result is of another picture or another model; explain this picture by this model.")
    name = layer if layer is not None else next(iter(result.maps))
    if name not in result.maps:
        raise LayerError(f"The result has maps of {', '.join(result.maps)}, not of '{name}'.")
    layers = [
        read for read in (name, model.config.default_layer) if read is not None and read != INPUT
    ]  # the second: familiarity
    tested = MapUnderTest(forward_image(model, image, layers), result, name)
    findings, familiar = findings_of(tested, on_progress), familiarity_of(tested.image_pass)
    told = verdict(findings, tested.image_pass.prediction, familiar=familiar is None or familiar.familiar)
    return Trust(findings, findings.levels, told)


def findings_of(tested: MapUnderTest, on_progress: ProgressCallback = no_progress) -> Findings:
    """What every check finds, in their order. on_progress(done, total), in checks, may raise to stop."""
    made = {}
    for done, check in enumerate(checks.CHECKS, start=1):
        made[check.key] = run_check(check, tested, no_progress)
        on_progress(done, len(checks.CHECKS))
    return Findings(made)
