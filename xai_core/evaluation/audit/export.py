"""An audit to take along: a table, and a page that needs nothing but itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from xai_core.evaluation.audit.record import Record
from xai_core.render.colour import colour_table
from xai_core.report.csv_table import csv_table

_COLUMNS = ("name", "class", "predicted", "right", "probability", "margin", "empty", "outside", "area", "object known")
_MORE = ("steadiness", "border only", "without the object")
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#16262c}table{border-collapse:collapse}
th,td{padding:.3rem .6rem;border-bottom:1px solid #d9e2e5;text-align:left}img{display:block;width:84px}
figure{display:inline-block;width:84px;margin:0 .8rem .8rem 0;vertical-align:top;font-size:.75rem}"""


def as_csv(records: Sequence[Record], classes: Sequence[str]) -> str:
    """One line a picture. A name that a table program would take for a formula gets a quote in front."""
    return csv_table([*_COLUMNS, *_MORE], (_cells(record, classes) for record in records))


def as_html(
    title: str,
    sentences: Sequence[str],
    records: Sequence[Record],
    classes: Sequence[str],
    means: Sequence[tuple[int | None, tuple[np.ndarray, int]]] = (),
) -> str:
    """A page with the findings in sentences, the mean map of each class (h, w), or of all for None, with its count, and
    a row a picture; pictures are in it, and it asks for no other file."""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("picture", "with its map", *_COLUMNS, *_MORE))
    rows = "".join(
        f'<tr><td><img src="{escape(r.thumbnail)}" alt=""></td><td><img src="{escape(r.overlay)}" alt=""></td>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in _cells(r, classes))
        + "</tr>\n"
        for r in records
    )
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    averages = "".join(
        f'<figure><img src="{_png(mean)}" alt=""><figcaption>'
        f"{escape('all pictures' if index is None else classes[index])}, {count}</figcaption></figure>"
        for index, (mean, count) in means
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1><ul>{said}</ul><div>{averages}</div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></html>"
    )


def _png(mean: np.ndarray) -> str:
    """A mean map as a small picture, from 0 to its own maximum."""
    strength = np.clip(mean, 0, None) / max(float(mean.max()), 1e-12)
    buffer = io.BytesIO()
    Image.fromarray(colour_table("viridis")[(255 * strength).astype(np.uint8)]).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _cells(record: Record, classes: Sequence[str]) -> list[object]:
    truth = classes[record.truth] if record.truth >= 0 else ""
    right = "" if record.right is None else "yes" if record.right else "no"
    return [
        record.name,
        truth,
        classes[record.predicted],
        right,
        round(record.probability, 4),
        round(record.margin, 4),
        "yes" if record.empty else "no",
        "" if record.empty else round(record.outside, 4),
        round(record.area, 4),
        "yes" if record.known else "no",
        round(record.steadiness, 4),
        classes[record.border],
        classes[record.background],
    ]
