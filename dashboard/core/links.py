"""How a link says what is chosen. Links are read with suspicion, and never name a visitor's own picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from xai_core.attribution.catalog import METHODS
from xai_core.attribution.method import Method
from xai_core.images import SAMPLES

if TYPE_CHECKING:
    from dashboard.core.state import Selection

DIGITS = 1797  # handwritten digits in scikit-learn's set, which is not opened to read a link
_KINDS: dict[type, Callable[[str], int | float | str]] = {int: int, float: float, str: str}
Settings = tuple[tuple[str, int | float | str], ...]
SETTING = "set."  # in front of a method's own settings
OWN = "own"  # in place of a sample's name: the picture was the visitor's own


def read(default: Selection, link: Mapping[str, str]) -> Selection:
    """The choice that a link names; what it does not name, or names wrongly, is the default."""
    sample, digit = link.get("sample", ""), index(link.get("digit", ""))
    method = next((m for m in METHODS if m.key == link.get("method")), None)
    return replace(
        default,
        model=link.get("model") or default.model,
        image=_image(sample, digit) or default.image,
        class_index=index(link.get("class", "")),
        layer=link.get("layer") or None,
        method=method.key if method else default.method,
        evidence=link["evidence"] if link.get("evidence") in ("for", "against", "both") else default.evidence,  # type: ignore[arg-type]
        contrast_class=index(link.get("rather_than", "")),
        score="log_probability" if link.get("score") == "log_probability" else default.score,
        settings=_settings(method, link) if method else (),
    )


def write(chosen: Selection) -> dict[str, str]:
    """The query that restores a choice."""
    kind, _, name = chosen.image.partition(":")
    parts: dict[str, object] = {
        "model": chosen.model,
        "sample": {"sample": name, "upload": OWN}.get(kind),
        "digit": name if kind == "digit" else None,
        "class": chosen.class_index,
        "layer": chosen.layer,
        "method": chosen.method,
        "evidence": chosen.evidence if chosen.evidence != "for" else None,
        "rather_than": chosen.contrast_class,
        "score": chosen.score if chosen.score != "logit" else None,
        **{SETTING + name: value for name, value in chosen.settings},
    }
    return {key: str(value) for key, value in parts.items() if value is not None}


def address(page: str, chosen: Selection) -> str:
    """The whole link, for the page's address."""
    return f"{page.split('?')[0]}?{urlencode(write(chosen))}"


def _image(sample: str, digit: int | None) -> str | None:
    """A bundled picture: a sample photograph, or one of the handwritten digits by its number."""
    if sample in {s.key for s in SAMPLES}:
        return f"sample:{sample}"
    return f"digit:{digit}" if digit is not None and digit < DIGITS else None


def index(text: str) -> int | None:
    """A number from 0 that a link names; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _settings(method: Method, link: Mapping[str, str]) -> Settings:
    """The settings of a method that the link names and that the method allows, in the type of their default."""
    found: dict[str, int | float | str] = {}
    for field in fields(method.settings):
        text = link.get(SETTING + field.name)
        if text is None:
            continue
        try:
            value = _KINDS[type(field.default)](text)
            method.settings_from({field.name: value})
        except ValueError:
            continue
        found[field.name] = value
    return tuple(found.items())
