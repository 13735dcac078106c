"""What one visitor has chosen, how a link says it, and the pictures that they brought.

Links are read with suspicion, and never name a visitor's own picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

import streamlit as st

from dashboard.core import session
from dashboard.core.session import StateKey, none
from xai_core.attribution.catalog import METHODS
from xai_core.attribution.method import Method
from xai_core.images import SAMPLES
from xai_core.render.scale import Evidence
from xai_core.types import Score, SourceImage

MAX_UPLOADS = 24
DIGITS = 1797  # handwritten digits in scikit-learn's set, which is not opened to read a link
_KINDS: dict[type, Callable[[str], int | float | str]] = {int: int, float: float, str: str}
Settings = tuple[tuple[str, int | float | str], ...]
SETTING = "set."  # in front of a method's own settings
OWN = "own"  # in place of a sample's name: the picture was the visitor's own


@dataclass(frozen=True)
class Selection:
    """What to explain. class_index, layer: None for the model's own.

    image: "sample:<key>", "digit:<number>" or "upload:<digest>".
    contrast_class: the class of "A rather than B", None for A alone. evidence: which sign of the map is shown.
    settings: the method's own, as (name, value) pairs.
    """

    model: str = "imagenet"
    image: str = "sample:coffee"
    class_index: int | None = None
    layer: str | None = None
    method: str = "grad_cam"
    evidence: Evidence = "for"
    contrast_class: int | None = None
    score: Score = "logit"
    settings: Settings = ()


_SELECTION = StateKey("selection", lambda: read_link(Selection(), st.query_params))
_IMAGE_LOST = StateKey("picture_lost", lambda: st.query_params.get("sample") == OWN)
_WRITTEN_LINK = StateKey[dict[str, str] | None]("written_link", none)
_UPLOADS = StateKey[dict[str, SourceImage]]("uploads", dict)


def selection() -> Selection:
    """The visitor's current choice; at first, and after the browser's Back, what the link says."""
    if not _SELECTION.is_set():
        _IMAGE_LOST.get()
    elif _came_back():
        _SELECTION.set(read_link(replace(Selection(), image=_SELECTION.get().image), st.query_params))
        _WRITTEN_LINK.set(st.query_params.to_dict())
        session.end("back")
    return _SELECTION.get()


def _came_back() -> bool:
    """Whether the address is one that this visit wrote before the last; a page change leaves it empty."""
    now, written = st.query_params.to_dict(), _WRITTEN_LINK.get()
    return bool(now) and written is not None and now != written


def image_lost() -> bool:
    """Whether the link named a picture of somebody's own, which it does not hold."""
    return _IMAGE_LOST.get()


def choose(**changes: object) -> None:
    """Change the choice, with what follows from it (`following`)."""
    _SELECTION.set(replace(selection(), **following(changes)))  # type: ignore[arg-type]
    if "image" in changes:
        _IMAGE_LOST.set(False)


def following(changes: dict[str, object]) -> dict[str, object]:
    """Another model resets class and layer, another picture the class, another method its settings."""
    reset: dict[str, object] = {}
    if "model" in changes:
        reset |= {"class_index": None, "layer": None, "contrast_class": None}
    if "image" in changes:
        reset |= {"class_index": None, "contrast_class": None}
    if "method" in changes:
        reset |= {"settings": ()}
    return reset | changes


def link_parts() -> dict[str, str]:
    """The query that restores the choice."""
    return link_of(selection())


def write_link(parts: dict[str, str] | None = None) -> None:
    """Let the browser's address say what is chosen; parts: more than the shared choice."""
    wanted = parts if parts is not None else link_parts()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    _WRITTEN_LINK.set(wanted)


def link() -> str:
    """The address that restores the choice."""
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(link_parts())}"


def uploads() -> dict[str, SourceImage]:
    """The visitor's own pictures by digest, in the order in which they came."""
    return _UPLOADS.get()


def add_upload(image: SourceImage) -> None:
    """Keep a picture for this visit and choose it; beyond MAX_UPLOADS the oldest goes."""
    kept = uploads()
    kept[image.digest] = image
    while len(kept) > MAX_UPLOADS:
        kept.pop(next(iter(kept)))
    choose(image=f"upload:{image.digest}")


def forget_uploads() -> None:
    """Drop the visitor's own pictures."""
    uploads().clear()
    session.end("own images")
    if selection().image.startswith("upload:"):
        choose(image=Selection().image)


def read_link(default: Selection, link: Mapping[str, str]) -> Selection:
    """The choice that a link names; what it does not name, or names wrongly, is the default."""
    sample, digit = link.get("sample", ""), number_in(link.get("digit", ""))
    method = next((m for m in METHODS if m.key == link.get("method")), None)
    return replace(
        default,
        model=link.get("model") or default.model,
        image=_image(sample, digit) or default.image,
        class_index=number_in(link.get("class", "")),
        layer=link.get("layer") or None,
        method=method.key if method else default.method,
        evidence=link["evidence"] if link.get("evidence") in ("for", "against", "both") else default.evidence,  # type: ignore[arg-type]
        contrast_class=number_in(link.get("rather_than", "")),
        score="log_probability" if link.get("score") == "log_probability" else default.score,
        settings=_settings(method, link) if method else (),
    )


def link_of(chosen: Selection) -> dict[str, str]:
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


def _image(sample: str, digit: int | None) -> str | None:
    """A bundled picture: a sample photograph, or one of the handwritten digits by its number."""
    if sample in {s.key for s in SAMPLES}:
        return f"sample:{sample}"
    return f"digit:{digit}" if digit is not None and digit < DIGITS else None


def number_in(text: str) -> int | None:
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
