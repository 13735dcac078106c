"""A report as a list of blocks, laid out by `html_page` and `pdf_page` with the same content."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; its line breaks are kept. grave: set apart, not to be missed."""

    text: str
    grave: bool = False


@dataclass(frozen=True)
class Points:
    """Sentences, one below the other."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """head: names of the columns; empty for a table of names and values."""

    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Figure:
    """pixels: uint8 (h, w, 3)."""

    pixels: np.ndarray
    caption: str


@dataclass(frozen=True, eq=False)
class Figures:
    """Pictures side by side."""

    figures: tuple[Figure, ...]


Block = Heading | Text | Points | Table | Figures


@dataclass(frozen=True, eq=False)
class Document:
    title: str
    blocks: tuple[Block, ...]
