"""The checks of the Trust card: what each is called, and from which key it is known again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.components.viewer import Picture
from dashboard.computing import Progress
from dashboard.drawing import picture_of_result
from dashboard.store import results
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageTrace
from xai_core.evaluation import trust
from xai_core.evaluation.familiarity import Familiarity, familiarity_of
from xai_core.evaluation.trust import MapUnderTest
from xai_core.evaluation.verdict import Checks
from xai_core.types import Explanation


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
    def tested(self) -> MapUnderTest:
        """The same as the library's checks take it."""
        return MapUnderTest(self.traced, self.result, self.layer)

    @property
    def values(self) -> np.ndarray:
        return self.tested.values

    @property
    def class_index(self) -> int:
        return self.tested.class_index

    @property
    def pixels(self) -> bool:
        return self.tested.pixels

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
    """name: of `trust.CHECKS`. question: as the card asks it. doing: what the progress bar says."""

    name: str
    question: str
    doing: str


def found(subject: Subject, check: Check) -> Any | None:
    """The check's result, if it is known."""
    return results.known((*subject.key, check.name))


def make(subject: Subject, check: Check, on_stop: Callable[[], None]) -> Any:
    """The check's result, computed with a progress bar and a way to stop it."""

    def compute() -> Any:
        key = f"stop {subject.place} {check.name} {subject.key}"
        with Progress(check.doing, key, on_stop) as progress:
            return trust.CHECKS[check.name](subject.tested, progress.show)

    return results.get_or_make((*subject.key, check.name), compute)


def all_found(subject: Subject) -> Checks:
    return Checks(**{check.name: found(subject, check) for check in CHECKS})


CHECKS = (
    Check("faithfulness", "Does the model use what the map shows?", "Taking the picture apart"),
    Check("road", "Does it, when the gaps are filled in?", "Filling gaps"),
    Check("cascade", "Would any network give this map?", "Maps of networks that forgot"),
    Check("specificity", "Is it about this class?", "Maps of other classes"),
    Check("stability", "Is it stable?", "Maps of the changed picture"),
    Check("fineness", "Could it see that finely?", "Measuring the grid"),
)
