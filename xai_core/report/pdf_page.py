"""A document as a PDF of A4 pages, set with ReportLab (BSD) in DejaVu Sans, which lies beside this file."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from xai_core.report.document import Block, Document, Figure, Figures, Heading, Points, Table, Text
from xai_core.report.html_page import png

FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
_MARGIN = 18 * mm
_PADDING = 6  # of ReportLab's frame, on each side
_WIDTH = A4[0] - 2 * (_MARGIN + _PADDING)
_ACROSS = 3  # figures in a row
_INK, _LINE = colors.HexColor("#0c191d"), colors.HexColor("#bfcdcf")
_BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=8.5, leading=12, spaceAfter=4, textColor=_INK, wordWrap="LTR")
_CELL = ParagraphStyle("cell", _BODY, fontSize=7.5, leading=10, spaceAfter=0, splitLongWords=True)
_CELL_HEAD = ParagraphStyle("cell head", _CELL, fontName=BOLD)
_GRAVE = ParagraphStyle(
    "grave", _BODY, fontName=BOLD, backColor=colors.HexColor("#fbecec"), borderPadding=4, spaceBefore=4, spaceAfter=8
)
_TITLE = ParagraphStyle("title", _BODY, fontName=BOLD, fontSize=16, leading=20, spaceAfter=8)
_HEADING = ParagraphStyle("heading", _BODY, fontName=BOLD, fontSize=11, leading=14, spaceBefore=10, keepWithNext=True)


def pdf_page(document: Document) -> bytes:
    """The pages, with the same content as `html_page`; a letter that the font lacks is printed as "□".

    The file names no author and no machine; its bytes depend on the document alone.
    """
    _register()
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer, pagesize=A4, title=document.title, author="", creator="Sightline", lang="en", invariant=1,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
    )  # fmt: skip
    flow: list[Flowable] = [Paragraph(_said(document.title), _TITLE)]
    for block in document.blocks:
        flow += _block(block)
    template.build(flow, onFirstPage=_footer(document), onLaterPages=_footer(document))
    return buffer.getvalue()


@cache
def _register() -> None:
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"{name}.ttf"))


def _footer(document: Document) -> Callable[[Any, Any], None]:
    """The title and what is not to be missed, on every page: pages get filed apart."""
    grave = [block.text for block in document.blocks[:1] if isinstance(block, Text) and block.grave]
    said = " · ".join([document.title, *grave])

    def draw(canvas: Any, template: Any) -> None:
        canvas.setFont(PLAIN, 7)
        canvas.drawString(_MARGIN + _PADDING, 10 * mm, said)
        canvas.drawRightString(A4[0] - _MARGIN - _PADDING, 10 * mm, f"Page {template.page}")

    return draw


def _block(block: Block) -> list[Flowable]:
    match block:
        case Heading(text):
            return [Paragraph(_said(text), _HEADING)]
        case Text(text, grave):
            return [Paragraph(_said(text), _GRAVE if grave else _BODY)]
        case Points(texts):
            return [Paragraph(f"• {_said(text)}", _BODY) for text in texts]
        case Table(head, lines):
            return [_grid(head, lines), Spacer(1, 6)]
        case Figures(figures):
            rows = [figures[i : i + _ACROSS] for i in range(0, len(figures), _ACROSS)]
            return [KeepTogether(_figures(row)) for row in rows]


def _said(text: str) -> str:
    """Escaped, with line breaks, and a box for each letter that the font lacks."""
    known = pdfmetrics.getFont(PLAIN).face.charToGlyph
    printable = "".join(letter if letter in "\n" or ord(letter) in known else "□" for letter in text)
    return escape(printable).replace("\n", "<br/>")


def _grid(head: tuple[str, ...], lines: tuple[tuple[str, ...], ...]) -> Grid:
    rows = ([[Paragraph(_said(cell), _CELL_HEAD) for cell in head]] if head else []) + [
        [Paragraph(_said(cell), _CELL) for cell in line] for line in lines
    ]
    count = len(rows[0])
    widths = [_WIDTH / count] * count if head else [0.27 * _WIDTH] + [0.73 * _WIDTH / (count - 1)] * (count - 1)
    grid = Grid(rows, widths, hAlign="LEFT", repeatRows=1 if head else 0)
    grid.setStyle([("GRID", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return grid


def _figures(figures: tuple[Figure, ...]) -> list[Flowable]:
    """One row of pictures with their captions."""
    width = _WIDTH / _ACROSS - 4
    images = [_image(figure, width) for figure in figures]
    captions = [Paragraph(_said(figure.caption), _CELL) for figure in figures]
    grid = Grid([images, captions], [_WIDTH / _ACROSS] * len(figures), hAlign="LEFT")
    grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return [grid]


def _image(figure: Figure, width: float) -> Image:
    data = io.BytesIO(png(figure.pixels))
    wide, tall = ImageReader(data).getSize()
    data.seek(0)
    return Image(data, width, min(width * tall / wide, 120 * mm))
