"""The Map page on data of one's own: a list with columns, sets to be downloaded, names that try to be Markdown."""

from __future__ import annotations

import csv
import io
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from torchvision import datasets

import xai_core as xai
from dashboard.core import jobs
from dashboard.map import selection
from dashboard.map.colouring import of_column

PAGE = Path(__file__).resolve().parents[2] / "pages" / "map.py"
PATIENCE_S = 180
NASTY = "![x](http://example.org/x.png) `*"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    for module in ("dashboard.shared.local_folder", "dashboard.shared.dataset_choice"):
        monkeypatch.setattr(f"{module}.is_local", lambda: True)
    yield AppTest.from_file(str(PAGE), default_timeout=PATIENCE_S)
    wait_for(lambda: not jobs._runs().active)


def wait_for(there: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.05)


def to_the_end(app: AppTest) -> AppTest:
    app.run()
    for _ in range(6):
        assert not app.exception, app.exception
        if not jobs._runs().active:
            break
        wait_for(lambda: not jobs._runs().active)
        app.run()
    return app.run()


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Twelve pictures with a label, an age, a ward and a name that would be a picture in Markdown."""
    random = np.random.default_rng(0)
    with (tmp_path / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "age", "ward", NASTY])
        for number in range(12):
            Image.fromarray(random.integers(0, 255, (8, 8, 3), np.uint8)).save(tmp_path / f"{number}.png")
            writer.writerow([f"{number}.png", NASTY if number % 2 else "even", number + 0.5, "AB"[number % 2], NASTY])
    return tmp_path / "list.csv"


def shown(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.caption, app.markdown) for element in kind)


def test_a_list_colours_the_map_by_its_columns_and_its_names_stay_text(app: AppTest, listed: Path):
    app.session_state["space_data"] = "folder"
    app.session_state["space_models"] = {"folder": "digits"}
    app.session_state["space_method"] = "pca"
    app.run()
    app.text_input(key="unit_folder").set_value(str(listed)).run()
    assert "12 pictures in 2 classes · also known: age, ward" in shown(app)
    next(b for b in app.button if b.label == "Compute 12 pictures").click()
    to_the_end(app)
    colour = next(box for box in app.selectbox if box.label == "Colour by")
    assert colour.options[-3:] == ["age", "ward", NASTY]
    for column in ("age", "ward", NASTY):
        next(box for box in app.selectbox if box.label == "Colour by").set_value(f"listed:{column}")
        to_the_end(app)
    choice = app.session_state["space_choice"]
    app.session_state["space_choice"] = type(choice)(choice.table, trail=(1, 3))
    to_the_end(app)
    assert r"age **11\.5**" in shown(app)  # rows stand in the order of their paths: 0, 1, 10, 11
    assert "![x](" not in shown(app)


def test_a_column_is_coloured_by_what_it_holds():
    ages = of_column(np.array([1.5, np.nan, 80.25]), "age")
    assert ages.ends == (1.5, 80.25)
    folds = of_column(np.array([0.0, 2.0, 2.0, np.nan]), "fold")
    assert [(entry.name, entry.count) for entry in folds.entries] == [("0", 1), ("2", 2), ("unknown", 1)]
    wards = of_column(np.array(["B", "A", "", "B"], object), "ward")
    assert [(entry.name, entry.count) for entry in wards.entries] == [("A", 1), ("B", 2), ("unknown", 1)]


def test_an_export_keeps_the_columns_of_the_list(listed: Path):
    data = xai.open_dataset(listed)
    table = xai.build_table(xai.load_model("digits"), data)
    space = SimpleNamespace(table=table, request=SimpleNamespace(dataset=data))
    text = selection.as_csv(space, np.array([1, 3]), np.zeros((12, 2), np.float32))
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["name"] for line in lines] == [table.names[1], table.names[3]]
    wanted = {row["path"]: row for row in csv.DictReader(io.StringIO(listed.read_text()))}
    for line in lines:
        own = wanted[line["name"]]
        assert (line["label"], line["ward"], float(line["age"])) == (own["label"], own["ward"], float(own["age"]))


def test_a_known_set_is_offered_with_its_size_and_nothing_is_asked_of_the_network_before_a_click(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    requested: list[str] = []

    def refuse(request: urllib.request.Request, **_: object) -> None:
        requested.append(request.full_url)
        raise urllib.error.URLError(OSError("no network here"))

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    app.session_state["space_data"] = "published"
    to_the_end(app)
    assert "It is a download of **31 MB**" in shown(app)
    assert requested == []
    app.session_state["unit_published"] = "cifar-10"
    to_the_end(app)
    next(b for b in app.button if b.label == "Download 170 MB").click()
    to_the_end(app)
    assert requested == [datasets.CIFAR10.url]
    assert ["no connection to" in error.value for error in app.error] == [True]
