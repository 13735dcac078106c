"""A document says the same as HTML and as PDF, and the PDF carries nothing else."""

from __future__ import annotations

import io

import numpy as np
import pypdf
import pytest

from xai_core.report.document import Document, Figure, Figures, Heading, Points, Table, Text
from xai_core.report.html_page import html_page
from xai_core.report.pdf_page import pdf_page

PIXELS = np.random.default_rng(0).integers(0, 250, (40, 60, 3)).astype(np.uint8)
DOCUMENT = Document(
    "A title",
    (
        Heading("Part <one>"),
        Text("Grave & said", grave=True),
        Text("Zeile ß\nЧтение Ω ≤ ±"),
        Points(("first", "second")),
        Table(("Name", "Value"), (("a", "1"), ("b", "deadbeef" * 8))),
        Table((), (("c", "3"),)),
        Figures(tuple(Figure(PIXELS + i, f"caption {i}") for i in range(4))),
    ),
)
SAID = ("A title", "Part <one>", "Grave & said", "Zeile ß", "Чтение Ω ≤ ±", "first", "second", "Name", "caption 3")


@pytest.fixture(scope="module")
def pdf() -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf_page(DOCUMENT)))


def test_the_pdf_says_everything(pdf: pypdf.PdfReader) -> None:
    printed = "\n".join(page.extract_text() for page in pdf.pages)
    assert [said for said in SAID if said not in printed] == []
    assert "deadbeef" * 8 in "".join(printed.split())


def test_the_pictures_of_the_pdf_are_the_pixels(pdf: pypdf.PdfReader) -> None:
    pictures = [image.image for page in pdf.pages for image in page.images]
    assert len(pictures) == 4
    stored = {np.asarray(picture.convert("RGB")).tobytes() for picture in pictures if picture is not None}
    assert stored == {(PIXELS + i).tobytes() for i in range(4)}


def test_the_pdf_names_nobody_and_is_the_same_each_time(pdf: pypdf.PdfReader) -> None:
    assert not (pdf.metadata or {}).get("/Author")
    assert pdf_page(DOCUMENT) == pdf_page(DOCUMENT)
    assert "/JavaScript" not in str(pdf.trailer)


def test_a_letter_that_the_font_lacks_is_a_box_and_not_lost() -> None:
    (page,) = pypdf.PdfReader(io.BytesIO(pdf_page(Document("t", (Text("脑 x"),))))).pages
    assert "□ x" in page.extract_text()


def test_the_html_escapes_and_says_everything() -> None:
    page = html_page(DOCUMENT).decode()
    for said in ("Part &lt;one&gt;", "Grave &amp; said", "Zeile ß<br>Чтение", "<th>Name</th>", "caption 3"):
        assert said in page
    assert page.count("data:image/png;base64,") == 4
