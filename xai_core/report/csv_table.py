"""Tables as CSV: the one writer, so that no name becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full width: Excel reads them so, too


def csv_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with plain line ends. A text that a table program would take for a formula gets a quote in front, as
    OWASP asks ("CSV injection"); numbers, also those already written, stay."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in (head, *rows):
        writer.writerow([_one_line_end(_harmless(cell)) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _is_number(cell):
        return cell
    return f"'{cell}"


def _one_line_end(cell: object) -> object:
    """A bare carriage return would end the line for some readers."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text == text.strip()
