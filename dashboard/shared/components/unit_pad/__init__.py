"""Moving a unit: buttons, and keys that work anywhere on the page."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal, get_args

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.frontend import beside

Move = Literal["up", "down", "left", "right", "next channel", "previous channel", "later layer", "earlier layer"]

_component = beside(
    Path(__file__).with_name("unit_pad.js"), '<div class="pad" role="group" aria-label="Move the unit"></div>\n'
)


def unit_pad(possible: Collection[Move], *, key: str, on_move: Callable[[Move], None]) -> None:
    """Show the moves; `on_move` gets one that is possible before the next run starts."""

    def told() -> None:
        move = widget_value(key).move
        if move in possible and move in get_args(Move):  # a browser can send anything
            on_move(move)

    _component(data={"possible": sorted(possible)}, key=key, on_move_change=told)
