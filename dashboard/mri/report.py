"""One self-contained HTML page of a reading: pictures as seen, recipe, digests, scores, checks, limits, note, time."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from dashboard.mri.diagnoses import common_scale, recipe
from dashboard.mri.gate import Gate
from dashboard.mri.opinion import Opinion
from dashboard.mri.picture import lettered
from dashboard.mri.reading import Reading, model
from dashboard.mri.scan import Place
from dashboard.mri.similar import rows, warning
from xai_core.images.display import display_pixels
from xai_core.images.scans import Edges
from xai_core.render.colour import colour_table
from xai_core.render.place import place as placed_on
from xai_core.render.recipe import percent
from xai_core.types import SourceImage

RESEARCH_ONLY = "Research use only. A heat map is not an outline of a lesion."
OPACITY = 0.55
_FADE = 0.25  # evidence below this share of the scale fades out, as in the viewer
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#0c191d}
table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #bfcdcf;padding:.25rem .6rem;text-align:left}
figure{display:inline-block;margin:.3rem;width:30%;vertical-align:top}img{width:100%}figcaption{font-size:.85rem}
.grave{border-left:4px solid #b3383f;padding:.3rem .8rem;background:#fbecec}
code{word-break:break-all;font-size:.8rem}@media print{body{margin:0}}"""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is reported: the slice as displayed, the model's answer, the checks, and what the reader wrote."""

    image: SourceImage
    place: Place
    reading: Reading
    letters: Edges
    gate: Gate
    about: str
    opinion: Opinion | None
    note: str
    time: str


def as_seen(seen: Seen, class_index: int | None) -> np.ndarray:
    """The slice, uint8 (h, w, 3), with the signed map of a diagnosis on the common scale, or bare; with letters."""
    pixels = display_pixels(seen.image)
    if class_index is not None:
        pixels = _with_map(pixels, seen.reading, class_index)
    return lettered(pixels, seen.letters)


def _with_map(pixels: np.ndarray, reading: Reading, class_index: int) -> np.ndarray:
    top = common_scale(reading) or 1.0
    values = np.nan_to_num(placed_on(reading.maps[class_index], reading.box, pixels.shape[:2])) / top
    colours = colour_table("vik")[np.clip((values + 1) / 2 * 256, 0, 255).astype(int)]
    alpha = (OPACITY * np.clip(np.abs(values) / _FADE, 0, 1))[..., None]
    return np.round(pixels * (1 - alpha) + colours * alpha).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def html(seen: Seen) -> bytes:
    """The page; nothing in it names a file or a person, but for what the reader wrote."""
    names = seen.reading.prediction.class_names
    figures = [_figure(as_seen(seen, None), "The slice")]
    figures += [_figure(as_seen(seen, k), f"Evidence for (red) and against (blue): {n}") for k, n in enumerate(names)]
    parts = [
        f"<h1>Reading of one slice</h1><p class='grave'><strong>{RESEARCH_ONLY}</strong></p>",
        f"<p>{escape(seen.about)}. {escape(seen.image.name)}. {escape(seen.time)}</p>",
        _checks(seen.gate),
        _scores(seen.reading),
        "".join(figures),
        f"<p>All four maps are on one scale, ±{common_scale(seen.reading):.3g}; opacity {OPACITY:.0%}.</p>",
        _reader(seen),
        _similar(seen.reading),
        _made(seen),
        _limits(),
    ]
    page = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Slice reading</title><style>{_STYLE}</style>"
    return (page + "\n".join(parts) + "</html>").encode()


def _figure(pixels: np.ndarray, caption: str) -> str:
    data = base64.b64encode(png(pixels)).decode()
    said = escape(caption)
    return f"<figure><img alt='{said}' src='data:image/png;base64,{data}'><figcaption>{said}</figcaption></figure>"


def _checks(found: Gate) -> str:
    if not found.unlike and not found.careful:
        return "<h2>Checks</h2><p>Nothing found that sets the slice apart from the training data.</p>"
    lines = [f"<li><strong>Unlike the training data:</strong> {escape(text)}</li>" for text in found.unlike]
    lines += [f"<li>{escape(text)}</li>" for text in found.careful]
    return f"<h2>Checks</h2><ul>{''.join(lines)}</ul>"


def _scores(reading: Reading) -> str:
    lines = [(one.name, percent(one.probability), f"{one.score:.2f}") for one in reading.prediction.top(4)]
    return "<h2>The model's answer</h2>" + _table(("Diagnosis", "Probability (calibrated)", "Score"), lines)


def _reader(seen: Seen) -> str:
    opinion = seen.opinion
    noted = (
        f"{opinion.diagnosis}, {opinion.sure}, noted {opinion.time}, "
        + ("before" if opinion.blind else "after")
        + " the model's answer was on screen"
        if opinion
        else "No opinion was noted beforehand"
    )
    note = escape(seen.note).replace("\n", "<br>") or "None."
    return f"<h2>The reader</h2><p>{escape(noted)}.</p><p>Note: {note}</p>"


def _similar(reading: Reading) -> str:
    found = rows(reading)
    lines = [tuple(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()) for row in found]
    return f"<h2>Most similar training slices</h2>{_table(tuple(found[0]), lines)}<p>{escape(warning(reading))}</p>"


def _made(seen: Seen) -> str:
    network, top = model(), seen.reading.prediction.top(1)[0].index
    window = seen.image.window
    shown = f"level {window.center:g}, width {window.width:g}" if window else "as stored"
    lines = [
        ("Recipe", recipe(seen.reading, top)),
        ("Display window", shown),
        ("Model", network.card.title),
        ("Digest of the weights", network.digest),
        ("Digest of the slice", seen.reading.image_digest),
        ("Distance to the training data", f"{seen.reading.familiarity.distance:.3f}"),
    ]
    return "<h2>How it was made</h2>" + _table((), lines)


def _limits() -> str:
    card = model().card
    texts = [*card.notes, "Each slice is read on its own. Other diseases, sequences, ages and scanners: unknown."]
    return (
        f"<h2>Limits</h2><ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul><p>{escape(card.licence)}</p>"
    )


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line(head, 'th') if head else ''}{''.join(line(cells, 'td') for cells in lines)}</table>"
