"""What an audit finds out about one picture, and about all of them in figures; as a table and a page to take along."""

import base64
import io
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from PIL import Image

from xai_core.render.scale import colour_table
from xai_core.report.csv_table import csv_table

GRID = 14  # cells a side on which maps are kept
Level = Literal["caught", "partly", "no"]
LEAST = 20  # pictures, below which nothing is said of a shortcut
FEW = 3  # maps, below which their mean says nothing of a class
CONFIDENT = 0.8  # from this probability on a mistake is a confident one
_COLUMNS = ("name", "class", "predicted", "right", "probability", "margin", "empty", "outside", "area", "object known")
_MORE = ("steadiness", "border only", "without the object")
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#16262c}table{border-collapse:collapse}
th,td{padding:.3rem .6rem;border-bottom:1px solid #d9e2e5;text-align:left}img{display:block;width:84px}
figure{display:inline-block;width:84px;margin:0 .8rem .8rem 0;vertical-align:top;font-size:.75rem}"""


@dataclass(frozen=True)
class Record:
    """index, name: of the picture in its data set. truth: the model's class of the same name as the picture's, or -1.

    predicted, probability, margin: the model's best class, and its lead over the second. empty: no positive evidence.
    outside: the share of the evidence outside the object, and area, the share of the input there; known is False where
    the object is not known, and the outer frame stands for what is outside. steadiness: mean rank correlation of the
    map with those of the mirror image and of a noisy copy. border, background: the best class of a copy of which only
    the outer frame is left, and of one without the object. map: (14, 14) evidence for the predicted class, row by row,
    the largest magnitude 1. thumbnail, overlay: JPEG of what the model saw, bare and with its map, as data URLs.
    """

    index: int
    name: str
    truth: int
    predicted: int
    probability: float
    margin: float
    empty: bool
    outside: float
    area: float
    known: bool
    steadiness: float
    border: int
    background: int
    map: tuple[float, ...]
    thumbnail: str
    overlay: str

    @property
    def right(self) -> bool | None:
        """None where the picture's class is not among the model's."""
        return None if self.truth < 0 else self.truth == self.predicted


@dataclass(frozen=True)
class Probe:
    """Does a copy without the object still get the same answer? right: of the copies; low, high: 95 % (Wilson 1927).

    whole: the same share for the whole pictures. chance: what always giving the most frequent answer would get.
    """

    right: float
    low: float
    high: float
    whole: float
    chance: float
    of: int

    @property
    def level(self) -> Level | None:
        """caught: the copy keeps at least half of what the whole picture is worth over chance. None: too few pictures,
        or the whole pictures are worth nothing."""
        if self.of < LEAST or self.whole <= self.chance:
            return None
        if self.low <= self.chance:
            return "no"
        return "caught" if self.right - self.chance >= (self.whole - self.chance) / 2 else "partly"


def probe(records: Sequence[Record], copy: Callable[[Record], int]) -> Probe | None:
    """A shortcut probe over the pictures whose class the model knows; without any, over its own answers.

    copy: the class that the model gives the copy. None for no pictures.
    """
    labelled = [r for r in records if r.truth >= 0]
    requested = labelled or list(records)
    if not requested:
        return None
    truth = [r.truth if labelled else r.predicted for r in requested]
    right = sum(copy(r) == t for r, t in zip(requested, truth, strict=True))
    whole = sum(r.predicted == t for r, t in zip(requested, truth, strict=True)) / len(requested)
    chance = Counter(truth).most_common(1)[0][1] / len(requested)
    return Probe(right / len(requested), *_wilson(right, len(requested)), whole, chance, len(requested))


def confident_mistakes(records: Sequence[Record]) -> list[Record]:
    """The wrong answers that the model was sure of, the surest first."""
    wrong = [r for r in records if r.right is False and r.probability >= CONFIDENT]
    return sorted(wrong, key=lambda r: -r.probability)


def least_steady(records: Sequence[Record], count: int) -> list[Record]:
    return sorted((r for r in records if not r.empty), key=lambda r: r.steadiness)[:count]


def most_outside(records: Sequence[Record], count: int) -> list[Record]:
    """Where the most of the evidence lies beside the object, measured by the area there."""
    return sorted((r for r in records if not r.empty), key=lambda r: r.area - r.outside)[:count]


def mean_maps(records: Sequence[Record]) -> dict[int | None, tuple[np.ndarray, int]]:
    """For each class that is predicted often enough its mean map, float32 (14, 14), and of how many, the most first.

    Empty maps are left out. Where no class has FEW maps, the mean of all stands under None; {} where these are fewer.
    """
    by_class: dict[int | None, list[tuple[float, ...]]] = {}
    drawn = [record for record in records if not record.empty]
    for record in drawn:
        by_class.setdefault(record.predicted, []).append(record.map)
    often = {index: maps for index, maps in by_class.items() if len(maps) >= FEW}
    if not often and len(drawn) >= FEW:
        often = {None: [record.map for record in drawn]}
    return {
        index: (np.mean(maps, axis=0).reshape(GRID, GRID).astype(np.float32), len(maps))
        for index, maps in sorted(often.items(), key=lambda item: -len(item[1]))
    }


def _wilson(hits: int, n: int) -> tuple[float, float]:
    z = 1.96
    middle = (hits + z * z / 2) / (n + z * z)
    reach = z * math.sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return middle - reach, middle + reach


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
