"""A document as one self-contained HTML page, which runs nothing and fetches nothing."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from xai_core.report.document import Block, Document, Figure, Figures, Heading, Points, Table, Text

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#0c191d}
table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #bfcdcf;padding:.25rem .6rem;text-align:left}
figure{display:inline-block;margin:.3rem;width:30%;vertical-align:top}img{width:100%}figcaption{font-size:.85rem}
.grave{border-left:4px solid #b3383f;padding:.3rem .8rem;background:#fbecec;font-weight:600}
td{overflow-wrap:anywhere}@media print{body{margin:0}}"""


def html_page(document: Document) -> bytes:
    """UTF-8 HTML; all texts are escaped, and pictures lie in it as PNG."""
    title = escape(document.title)
    body = "\n".join([f"<h1>{title}</h1>", *map(_block, document.blocks)])
    head = f"<meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>".encode()


def png(pixels: np.ndarray) -> bytes:
    """uint8 (h, w, 3) as PNG, without a word beside the pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>"
        case Text(text, grave):
            said = escape(text).replace("\n", "<br>")
            return f"<p{' class=grave' if grave else ''}>{said}</p>"
        case Points(texts):
            return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
        case Table(head, lines):
            rows = ([_row(head, "th")] if head else []) + [_row(line, "td") for line in lines]
            return f"<table>{''.join(rows)}</table>"
        case Figures(figures):
            return "".join(map(_figure, figures))


def _row(cells: tuple[str, ...], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _figure(figure: Figure) -> str:
    data, said = base64.b64encode(png(figure.pixels)).decode(), escape(figure.caption, quote=True)
    return f"<figure><img alt='{said}' src='data:image/png;base64,{data}'><figcaption>{said}</figcaption></figure>"
