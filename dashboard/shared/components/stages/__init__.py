"""A network's stages from the picture to the answer: each tile shows what one unit of its middle sees."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.frontend import beside

_component = beside(
    Path(__file__).with_name("stages.js"),
    '<div class="stages" role="group" aria-label="Layers, from the picture on"></div>\n',
)


@dataclass(frozen=True)
class Stage:
    """One layer. grid: (rows, columns). sees: left, top, right, bottom of a middle unit's field, parts of the input.

    field: the size of the field in words.
    """

    name: str
    grid: tuple[int, int]
    channels: int
    sees: tuple[float, float, float, float]
    field: str


def stages(items: Sequence[Stage], image: str, *, selected: str, key: str, on_choose: Callable[[str], None]) -> None:
    """Show the stages in order over a small picture (a data URL); `on_choose` gets the name of a clicked one."""
    known = {item.name for item in items}

    def told() -> None:
        chosen = widget_value(key).choose
        if isinstance(chosen, str) and chosen in known:  # a browser can send anything
            on_choose(chosen)

    data = {"items": [asdict(item) for item in items], "image": image, "selected": selected}
    _component(data=data, key=key, on_choose_change=told)
