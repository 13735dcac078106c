"""The checks of the Trust card: what each is called, and from which key it is known again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.core import results
from dashboard.shared.components.viewer import DisplayImage
from dashboard.shared.drawing import image_of_result
from dashboard.shared.explanations import ProgressBar
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageForwardPass
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

    image_pass: ImageForwardPass
    result: Explanation
    layer: str
    place: str
    settings_of: str
    shown: DisplayImage | None = None

    @property
    def image(self) -> DisplayImage:
        return self.shown or image_of_result(self.image_pass.image, self.result)

    @property
    def familiarity(self) -> Familiarity | None:
        """How like its training pictures the model finds this one; None where nobody knows those."""
        return familiarity_of(self.image_pass)

    @property
    def tested(self) -> MapUnderTest:
        """The same as the library's checks take it."""
        return MapUnderTest(self.image_pass, self.result, self.layer)

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
        request = (r.method, self.layer, self.class_index, r.score, r.contrast_class, tuple(sorted(r.settings.items())))
        return ("trust", r.model_key, r.weights_digest, r.image_digest, *request)


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
        with ProgressBar(check.doing, key, on_stop) as progress:
            return trust.CHECKS[check.name](subject.tested, progress.show)

    return results.get_or_make((*subject.key, check.name), compute)


def all_found(subject: Subject) -> Checks:
    return Checks(**{check.name: found(subject, check) for check in CHECKS})


CHECKS = (
    Check("faithfulness", "Does the model use what the map shows?", "Taking the picture apart"),
    Check("road", "Does it, when the gaps are filled in?", "Filling gaps"),
    Check("parameter_randomisation", "Would any network give this map?", "Maps of networks that forgot"),
    Check("specificity", "Is it about this class?", "Maps of other classes"),
    Check("stability", "Is it stable?", "Maps of the changed picture"),
    Check("resolution", "Could it see that finely?", "Measuring the grid"),
)
