"""The checks of the Trust card: what each is called, how it is made, and from which key it is known again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dashboard.components.viewer import Picture
from dashboard.computing import Progress
from dashboard.drawing import picture_of_result
from dashboard.store import results
from dashboard.trust.familiar import familiarity_of
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageTrace
from xai_core.attribution.method import INPUT
from xai_core.evaluation.faithfulness import faithfulness
from xai_core.evaluation.familiarity import Familiarity
from xai_core.evaluation.fineness import fineness
from xai_core.evaluation.randomisation import POINTS, cascade
from xai_core.evaluation.remake import Remake, remake_of
from xai_core.evaluation.rival_maps import in_patches
from xai_core.evaluation.road import road
from xai_core.evaluation.specificity import RANDOM_CLASSES, specificity
from xai_core.evaluation.stability import CHANGES, stability
from xai_core.evaluation.verdict import Checks
from xai_core.types import Explanation

Report = Callable[[int, int], None]
CURVE_STEPS = 5  # a fifth of the picture each: the card's share of 150 passes leaves no more
EXTRA_MAPS = POINTS + 1 + RANDOM_CLASSES + CHANGES  # that the checks ask the method for


@dataclass(frozen=True, eq=False)
class Subject:
    """The map under test: of one class, at one layer, and the pass that it came from.

    place: the card's name on its page. settings_of: the viewer that its small maps follow. shown: the picture for
    display, where it is not simply the traced one.
    """

    traced: ImageTrace
    result: Explanation
    layer: str
    place: str
    settings_of: str
    shown: Picture | None = None

    @property
    def picture(self) -> Picture:
        return self.shown or picture_of_result(self.traced.image, self.result)

    @property
    def familiarity(self) -> Familiarity | None:
        """How like its training pictures the model finds this one; None where nobody knows those."""
        return familiarity_of(self.traced)

    @property
    def values(self) -> np.ndarray:
        return self.result.maps[self.layer][0]

    @property
    def tested(self) -> np.ndarray:
        """The map by which places are taken away: one of pixels in patches."""
        return in_patches(self.values) if self.pixels else self.values

    @property
    def class_index(self) -> int:
        return self.result.classes[0]

    @property
    def pixels(self) -> bool:
        return self.layer == INPUT

    @property
    def slow(self) -> bool:
        return find_method(self.result.method).slow

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Digests and settings: what decides the map and so every check of it."""
        r = self.result
        asked = (r.method, self.layer, self.class_index, r.score, r.against, tuple(sorted(r.settings.items())))
        return ("trust", r.model_key, r.weights_digest, r.image_digest, *asked)


@dataclass(frozen=True)
class Check:
    """name: the field of `Checks`. question: as the card asks it. doing: what the progress bar says.

    make: the check itself, which tells its progress.
    """

    name: str
    question: str
    doing: str
    make: Callable[[Subject, Report], Any]


def found(subject: Subject, check: Check) -> Any | None:
    """The check's result, if it is known."""
    return results.known((*subject.key, check.name))


def make(subject: Subject, check: Check, on_stop: Callable[[], None]) -> Any:
    """The check's result, computed with a progress bar and a way to stop it."""

    def compute() -> Any:
        key = f"stop {subject.place} {check.name} {subject.key}"
        with Progress(check.doing, key, on_stop) as progress:
            return check.make(subject, progress.show)

    return results.get_or_make((*subject.key, check.name), compute)


def all_found(subject: Subject) -> Checks:
    return Checks(**{check.name: found(subject, check) for check in CHECKS})


def _use(subject: Subject, report: Report) -> Any:
    traced = subject.traced
    asked = (traced.model, traced.given, subject.tested, subject.class_index)
    return faithfulness(*asked, steps=CURVE_STEPS, on_progress=report)


def _gaps_filled(subject: Subject, report: Report) -> Any:
    traced = subject.traced
    return road(traced.model, traced.given, subject.tested, subject.class_index, on_progress=report)


def _fine(subject: Subject, _report: Report) -> Any:
    return fineness(subject.traced, subject.layer, subject.values)


def _network(subject: Subject, report: Report) -> Any:
    return _by_remaking(cascade, POINTS, subject, report)


def _stability(subject: Subject, report: Report) -> Any:
    return _by_remaking(stability, CHANGES, subject, report)


def _class(subject: Subject, report: Report) -> Any:
    traced, against = subject.traced, subject.result.against
    return specificity(
        traced.model,
        traced.given,
        subject.values,
        remake_of(traced.model, subject.result, subject.layer, report),
        traced.prediction,
        subject.class_index,
        magnitude=subject.pixels,
        exclude=() if against is None else (against,),
    )


def _by_remaking(check: Callable[..., Any], total: int, subject: Subject, report: Report) -> Any:
    """A check that makes the map again and again; a slow map's own progress keeps the way out open."""
    traced, done = subject.traced, [0]

    def one_more(now: int, of: int) -> None:
        done[0] = now
        report(now, of)

    def still(_done: int, _total: int) -> None:
        report(done[0], total)

    remake: Remake = remake_of(traced.model, subject.result, subject.layer, still)
    run = partial(check, traced.model, traced.given, subject.values, remake, subject.class_index)
    return run(magnitude=subject.pixels, on_progress=one_more)


CHECKS = (
    Check("faithfulness", "Does the model use what the map shows?", "Taking the picture apart", _use),
    Check("road", "Does it, when the gaps are filled in?", "Filling gaps", _gaps_filled),
    Check("cascade", "Would any network give this map?", "Maps of networks that forgot", _network),
    Check("specificity", "Is it about this class?", "Maps of other classes", _class),
    Check("stability", "Is it stable?", "Maps of the changed picture", _stability),
    Check("fineness", "Could it see that finely?", "Measuring the grid", _fine),
)
