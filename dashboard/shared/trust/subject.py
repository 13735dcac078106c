"""The map under test as the Trust card has it, and the key from which a check of it is known again."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from dashboard.core.plain_text import class_in_prose
from dashboard.shared.components.viewer import DisplayImage
from dashboard.shared.drawing import image_of_result
from xai_core.attribution.catalog import find_method
from xai_core.attribution.explain import ImageForwardPass
from xai_core.evaluation.familiarity import Familiarity, familiarity_of
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.types import Explanation

FOLLOWS = ("maps", "scores", "probabilities")  # the fields of an explanation that follow from all others


@dataclass(frozen=True)
class MapKey:
    """All that decides a map: its layer, and each field of its explanation by name, but those in `FOLLOWS`."""

    layer: str
    explained: tuple[tuple[str, Hashable], ...]


@dataclass(frozen=True)
class CheckKey:
    """All that decides what a check finds."""

    map: MapKey
    check: str


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
        """The same as the library's checks take it; their texts are read as Markdown here."""
        return MapUnderTest(self.image_pass, self.result, self.layer, class_in_prose)

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
    def key(self) -> MapKey:
        names = (field.name for field in fields(self.result) if field.name not in FOLLOWS)
        return MapKey(self.layer, tuple((name, _hashable(getattr(self.result, name))) for name in names))


def _hashable(value: object) -> Hashable:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value
