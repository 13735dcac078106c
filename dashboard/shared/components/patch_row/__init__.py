"""Pieces of pictures as buttons; pointing at one shows the picture that it comes from, with its place."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.frontend import beside

_component = beside(
    Path(__file__).with_name("patch_row.js"),
    '<div class="row" role="group"></div>\n<div class="card" popover="manual" aria-hidden="true"></div>\n',
)


@dataclass(frozen=True)
class PatchImage:
    """crop, context: data URLs of the piece and of its picture. box: left, top, right, bottom, parts of the picture.

    title: the picture's class or name. value: what the unit gave, in words.
    """

    crop: str
    context: str
    box: tuple[float, float, float, float]
    title: str
    value: str
    name: str


def patch_row(patches: Sequence[PatchImage], *, label: str, key: str, on_choose: Callable[[int], None]) -> None:
    """Show the pieces in order; `on_choose` gets the index of a clicked one before the next run starts."""

    def told() -> None:
        index = widget_value(key).choose
        if type(index) is int and 0 <= index < len(patches):  # a browser can send anything
            on_choose(index)

    data = {"items": [asdict(piece) for piece in patches], "label": label}
    _component(data=data, key=key, on_choose_change=told)
