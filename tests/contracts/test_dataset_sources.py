"""What every source of pictures must say of itself, and that one more is one record in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.core import jobs
from dashboard.core.cache_folder import tables_folder
from dashboard.shared import cached
from xai_core.datasets import Dataset, DatasetItem, DatasetSource, catalog, find_source, open_dataset
from xai_core.datasets.catalog import SOURCES
from xai_core.errors import ImageError
from xai_core.models.catalog import model_configs
from xai_core.types import SourceImage

PAGES = Path(__file__).resolve().parents[2] / "pages"


def forgotten(source: DatasetSource) -> list[str]:
    """What a source's record leaves open, in words."""
    name, said = f"The pictures '{source.key}'", []
    if not (source.key and source.title) or [s.key for s in catalog.SOURCES].count(source.key) > 1:
        said.append(f"{name} have no key of their own, or no title for the choice of pictures.")
    if source.gives in ("files", "path") and not source.wanted.endswith("."):
        said.append(f"{name} must be given first: say what is wanted, in a sentence.")
    if source.gives == "files" and not source.passing:
        said.append(f"{name} are a visitor's own, but would be kept on the disk: set passing.")
    if source.model is not None and source.model not in {config.key for config in model_configs()}:
        said.append(f"{name} come with the model '{source.model}', which the catalogue of models has not.")
    if source.gives == "nothing":
        said += [f"{name} {what}" for what in _forgotten_of(source, source.open())]
    return said


def _forgotten_of(source: DatasetSource, dataset: Dataset) -> list[str]:
    said = [] if len(dataset) and dataset.digest else ["hold nothing, or no digest that tells them from others."]
    if any(item.label is not None and item.label >= len(dataset.class_names) for item in dataset.items):
        said.append("have a label without a class name.")
    if source.tray is not None and ":" not in source.tray(dataset.items[0].id, 0):
        said.append("are called by the tray without their kind before a colon, as in 'sample:cat'.")
    return said


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.key)
def test_every_source_says_all_that_is_asked_of_it(source: DatasetSource) -> None:
    assert forgotten(source) == []


def test_what_a_new_source_forgot_is_said_in_words() -> None:
    careless = replace(STRIPES, gives="files", model="no such", title="")
    assert forgotten(careless) == [
        "The pictures 'stripes' have no key of their own, or no title for the choice of pictures.",
        "The pictures 'stripes' must be given first: say what is wanted, in a sentence.",
        "The pictures 'stripes' are a visitor's own, but would be kept on the disk: set passing.",
        "The pictures 'stripes' come with the model 'no such', which the catalogue of models has not.",
    ]
    with pytest.raises(ImageError, match='no source of pictures "stripes"; give one of samples, digits'):
        find_source("stripes")


def test_only_what_is_a_visitors_own_is_not_kept() -> None:
    assert {source.key for source in SOURCES if tables_folder(source.key) is None} == {"uploads"}


# A made-up source, as one file would hold it: three pictures of stripes in two classes.


def _stripes(item: str) -> SourceImage:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:: int(item[-1]) + 2] = 255
    return SourceImage(pixels, item, "photograph", f"stripes {item}")


def _open_stripes() -> Dataset:
    items = tuple(DatasetItem(f"{'thick' if i else 'thin'}/{i}", min(i, 1)) for i in range(3))
    return Dataset("Stripes", items, ("thin", "thick"), "digest of stripes", _stripes)


STRIPES = DatasetSource("stripes", "Stripes", "nothing", _open_stripes, quick=True)


@pytest.fixture
def _listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(catalog, "SOURCES", (*SOURCES, STRIPES))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    yield
    jobs.stop_all(60)
    cached.bundled_set.clear()


@pytest.mark.usefixtures("_listed")
def test_a_made_up_source_is_whole_and_opens_by_its_name() -> None:
    assert forgotten(STRIPES) == []
    assert open_dataset("stripes").class_names == ("thin", "thick")
    with pytest.raises(ImageError, match="bundled names digits, samples, stripes"):
        open_dataset("no such set")


@pytest.mark.usefixtures("_listed")
@pytest.mark.parametrize(
    ("page", "label"), [("units", "Pictures to search"), ("map", "Pictures on the map"), ("bench", "Pictures to audit")]
)
def test_a_made_up_source_is_chosen(page: str, label: str) -> None:
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    if page == "bench":
        app.session_state["bench_tab"] = "audit"
    else:
        app.query_params["data"] = "stripes"
    app.run()
    control = next(group for group in app.button_group if group.label == label)
    assert "Stripes" in control.options
    if page == "bench":
        control.set_value("stripes").run()
    assert not app.exception
    assert not app.error
    assert next(group for group in app.button_group if group.label == label).value == "stripes"
