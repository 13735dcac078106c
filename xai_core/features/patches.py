"""What a search for top patches found: for each unit the pictures and places that excite it most, and least."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xai_core.datasets import Dataset
from xai_core.deprecated import renamed_attribute
from xai_core.errors import LayerError
from xai_core.features.running_top import Ranked
from xai_core.models.preprocess import covered_box
from xai_core.types import Box, ModelConfig, ReceptiveField, SourceImage


@dataclass(frozen=True)
class Patch:
    """A place in a picture of a data set where a unit was looked at.

    image: index in the data set. i, j: row and column of the unit on its layer's grid. value: what it gave.
    """

    image: int
    i: int
    j: int
    value: float

    picture = renamed_attribute("picture", "image")


@dataclass(frozen=True, eq=False)
class LayerPatches:
    """What was found at one layer. grid: (h, w)."""

    grid: tuple[int, int]
    ranked: Ranked

    @property
    def channels(self) -> int:
        return int(self.ranked.values.shape[1])


@dataclass(frozen=True, eq=False)
class TopPatches:
    """The state of a search after `done` of `total` pictures: partial results are read like complete ones.

    spec: everything that decides the result. layers: {dotted name: what was found}, empty before the first picture.
    unread: index and reason of the pictures that could not be read.
    """

    spec: Mapping[str, object]
    layers: Mapping[str, LayerPatches]
    done: int
    total: int
    unread: tuple[tuple[int, str], ...] = ()

    @property
    def complete(self) -> bool:
        return self.done == self.total

    def unit(self, layer: str, channel: int, *, least: bool = False) -> tuple[Patch, ...]:
        """Up to k patches of one channel, the most exciting first; with `least` the least exciting first.

        LayerError: the search does not cover this layer, or the layer has no such channel.
        """
        if not self.layers:
            return ()
        if layer not in self.layers:
            raise LayerError(f"Layer '{layer}' was not searched for patches; {', '.join(self.layers)} were.")
        found = self.layers[layer]
        if not 0 <= channel < found.channels:
            raise LayerError(f"Layer '{layer}' has channels 0 to {found.channels - 1}; there is no channel {channel}.")
        ranked, at = found.ranked, (int(least), channel)
        rows = zip(ranked.images[at], ranked.places[at], ranked.values[at], strict=True)
        return tuple(Patch(int(p), *divmod(int(place), found.grid[1]), float(v)) for p, place, v in rows if p >= 0)


def class_shares(patches: Sequence[Patch], dataset: Dataset) -> tuple[tuple[str, float], ...]:
    """The classes of the patches' pictures with their shares in (0, 1], largest first; pictures without one count too.

    The shares of a data set in which some pictures have no class sum to less than 1.
    """
    names = Counter(dataset.class_name(patch.image) for patch in patches)
    return tuple((name, count / len(patches)) for name, count in names.most_common() if name is not None)


def patch_box(
    config: ModelConfig,
    image: SourceImage | tuple[int, int] | Box,
    field: ReceptiveField,
    unit: Sequence[int],
    clipped: bool = True,
) -> Box:
    """The receptive field of unit (i, j) or (c, i, j) in picture pixels, without resizing the picture.

    The field's box in input pixels goes back through the crop and the resize of `prepare`; it exceeds the picture where
    padding was seen. image: where no more of it is at hand, its size (height, width) or the box that is covered.
    clipped: see `ReceptiveField.box`. LayerError: no such unit. ImageError: as `prepare`.
    """
    seen = field.box(unit, clipped)
    covered = image if isinstance(image, Box) else covered_box(config, image)
    height, width = field.input_size
    x, y = (covered.right - covered.left) / width, (covered.bottom - covered.top) / height
    return Box(
        covered.left + seen.left * x,
        covered.top + seen.top * y,
        covered.left + seen.right * x,
        covered.top + seen.bottom * y,
    )
