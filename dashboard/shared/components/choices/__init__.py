"""A group of choices with bars or small pictures, which Streamlit's own buttons cannot show."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.frontend import beside
from xai_core.types import FeatureTable

_component = beside(Path(__file__).with_name("choices.js"), '<div class="choices" role="group"></div>\n')


@dataclass(frozen=True)
class Choice:
    """One button. share: length of its bar, [0, 1]. image: a data URL. hint: shown on hover."""

    id: str
    title: str
    detail: str = ""
    share: float | None = None
    image: str | None = None
    hint: str = ""


def choices(
    items: Sequence[Choice],
    *,
    selected: str | None,
    label: str,
    look: Literal["bars", "tiles", "cards"],
    key: str,
    on_choose: Callable[[str], None],
) -> None:
    """Show the group as bars, as small pictures with a title, or as cards with a larger picture and the detail too.

    `on_choose` gets the id of a clicked item before the next run starts."""
    known = {item.id for item in items}

    def answer() -> None:
        chosen = widget_value(key).choose
        if chosen in known:  # a browser can send anything
            on_choose(chosen)

    data = {"items": [asdict(item) for item in items], "selected": selected, "label": label, "look": look}
    _component(data=data, key=key, on_choose_change=answer)


def thumbnail(pixels: np.ndarray, side: int = 160) -> str:
    """uint8 (h, w, 3) as a small WebP data URL for a tile."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def thumbnail_url(table: FeatureTable, row: int) -> str:
    """A picture of the table, small, as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(bytes(table.thumbnails[row])).decode()
