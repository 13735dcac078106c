"""The Map page without a browser: the first visit, the walk among neighbours, a selection, suspects, bad data."""

from __future__ import annotations

import base64
import csv
import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import NearestNeighbors
from streamlit.testing.v1 import AppTest

import xai_core as xai
from dashboard.core import jobs
from dashboard.map import decisions, layouts, map_cache, map_choice, map_descriptions, nearest, selection, suspects
from dashboard.shared import job_lines
from xai_core.embedding.suspects import Duplicates
from xai_core.errors import Cancelled

PAGE = Path(__file__).resolve().parents[2] / "pages" / "map.py"
PATIENCE_S = 180


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def app(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(cache))
    yield AppTest.from_file(str(PAGE), default_timeout=PATIENCE_S)
    wait_for(lambda: not jobs._runs().active)


def wait_for(there: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.05)


def to_the_end(app: AppTest) -> AppTest:
    """Run the page until nothing that it follows is under way."""
    app.run()
    for _ in range(6):
        assert not app.exception, app.exception
        if not jobs._runs().active:
            break
        wait_for(lambda: not jobs._runs().active)
        app.run()
    return app.run()


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def test_first_visit_draws_tsne_of_the_digits_and_tells_what_it_is_worth(app: AppTest):
    to_the_end(app)
    said = captions(app)
    assert "trustworthiness 0.99" in said
    assert "mean little in t-SNE" in said
    assert app.session_state["space_method"] == "t-sne"
    assert app.session_state["space_data"] == app.session_state["space_model"] == "digits"


def test_a_second_visit_shows_the_map_that_lies_on_the_disk(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    to_the_end(app)
    jobs._runs.clear()  # as after a restart of the server
    map_cache._once.clear()
    monkeypatch.setattr(layouts, "tsne_map", lambda *_a, **_k: pytest.fail("t-SNE was computed again"))
    again = to_the_end(AppTest.from_file(str(PAGE), default_timeout=PATIENCE_S))
    assert "mean little in t-SNE" in captions(again)
    again.session_state["space_here"] = True
    assert any("is unlike the pictures of this map" in m.value for m in to_the_end(again).markdown)
    again.number_input(key="space_seed").set_value(3)
    with monkeypatch.context() as patch:
        requested: list[int] = []
        patch.setattr(layouts, "tsne_map", lambda *_a, seed, **_k: requested.append(seed))
        to_the_end(again)
    assert requested == [3]


def test_a_large_table_shows_a_preview_of_landmarks_first(app: AppTest, monkeypatch: pytest.MonkeyPatch):
    gate, real, sizes = threading.Event(), layouts.tsne_map, []

    def slow(table: xai.FeatureTable, *given: object, **settings: object) -> object:
        sizes.append(len(table))
        if len(table) > 400:
            gate.wait(PATIENCE_S)
        return real(table, *given, **settings)

    monkeypatch.setattr(layouts, "tsne_map", slow)
    monkeypatch.setattr(layouts, "LANDMARKS", 400)
    monkeypatch.setattr(layouts, "landmark_map", partial(layouts.landmark_map, count=400))
    app.session_state["space_seed"] = 7
    app.run()
    wait_for(lambda: len(jobs._runs().active) == 1)  # the preview has ended
    app.run()
    assert "mean little in t-SNE" in captions(app)
    gate.set()
    to_the_end(app)
    assert sizes == [400, 1797]


def test_pca_says_what_share_of_the_variance_it_shows(app: AppTest):
    app.session_state["space_method"] = "pca"
    to_the_end(app)
    table = xai.build_table(xai.load_model("digits"), xai.open_dataset("digits"))
    values = np.linalg.svd(table.vectors - table.vectors.mean(0), compute_uv=False) ** 2
    assert f"PCA shows {values[:2].sum() / values.sum():.0%}".replace("%", " %") in captions(app)


def test_a_walk_among_neighbours_shows_the_nearest_of_scikit_learn(app: AppTest):
    to_the_end(app)
    space_key = app.session_state["space_choice"].table
    app.session_state["space_choice"] = map_choice.Choice(space_key, trail=(3, 7))
    to_the_end(app)
    table = xai.build_table(xai.load_model("digits"), xai.open_dataset("digits"))
    _, rows = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(table.vectors).kneighbors(table.vectors[7:8])
    same = sum(table.labels[row] == table.labels[7] for row in rows[0, 1:])
    assert f"{same} of these 6 carry the same label" in captions(app)
    back = next(b for b in app.button if b.key == "space_step_0")
    back.click().run()
    assert app.session_state["space_choice"].trail == (3,)


def test_why_two_pictures_are_alike_is_told_by_their_places_and_channels(app: AppTest):
    to_the_end(app)
    app.session_state["space_choice"] = map_choice.Choice(app.session_state["space_choice"].table, trail=(7,))
    app.session_state["space_why"] = True
    to_the_end(app)
    table = xai.build_table(xai.load_model("digits"), xai.open_dataset("digits"))
    _, rows = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(table.vectors).kneighbors(table.vectors[7:8])
    own, near = (table.vectors[row].astype(float) for row in (7, rows[0, 1]))
    cosine = own @ near / np.linalg.norm(own) / np.linalg.norm(near)
    assert f"the likeness (cosine) of the two is **{cosine:.3f}**" in captions(app)
    alike, apart = (frame.value for frame in app.dataframe)
    assert alike["channel"].tolist() == np.argsort(-own * near)[:8].tolist()
    assert apart["channel"].tolist() == np.argsort(-((own - near) ** 2))[:8].tolist()
    np.testing.assert_allclose(
        apart["of the distance²"], 100 * np.sort((own - near) ** 2)[:-9:-1] / ((own - near) ** 2).sum()
    )


def test_the_nearest_stand_with_the_map_of_their_predicted_class():
    model, data = xai.load_model("digits"), xai.open_dataset("digits")
    space = SimpleNamespace(table=xai.build_table(model, data), request=SimpleNamespace(model=model, dataset=data))
    made = nearest.overlays(space, [3, 7], lambda *_: None)
    assert list(made) == [3, 7]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(made[7].partition(",")[2]))).convert("RGB"), float)
    assert shown.shape == (96, 96, 3)
    result = xai.explain(model, data.load(7), classes=[int(space.table.predictions[7])])
    values = result.maps[xai.suggested_layer(model)][0]
    row, column = (
        int((place + 0.5) * 96 / size)
        for place, size in zip(np.unravel_index(values.argmax(), values.shape), values.shape, strict=True)
    )
    colour = shown[row, column] - 0.45 * np.repeat(np.repeat(data.load(7).pixels, 12, 0), 12, 1)[row, column]
    assert colour[2] < colour[:2].min()  # the end of viridis is yellow


def test_a_selection_stays_when_the_map_changes(app: AppTest):
    to_the_end(app)
    mask = np.zeros(1797, bool)
    mask[[1, 5, 9]] = True
    app.session_state["space_choice"] = map_choice.Choice(app.session_state["space_choice"].table, selected=mask)
    app.session_state["space_method"] = "pca"
    app.session_state["space_colour"] = "loss"
    to_the_end(app)
    assert app.session_state["space_choice"].selected.tolist() == mask.tolist()
    assert "3 selected pictures" in [s.value for s in app.subheader]
    assert "1 (33 %) · 5 (33 %) · 9 (33 %)" in captions(app)
    (mix,) = app.dataframe
    assert mix.value["share"].tolist() == pytest.approx([100 / 3] * 3)
    assert "%.1f %%" in mix.proto.columns


@pytest.mark.parametrize(("share", "many"), [(0.9995, "more than 99.9 % of them are"), (1.0, "any of them is")])
def test_how_strange_a_picture_is_reads_as_a_sentence(share: float, many: str):
    assert f"farther from its nearest than {many} from theirs" in map_descriptions.strangeness_in_words(share, "cat")


@pytest.mark.parametrize(("largest", "shown"), [(0.647, "0.600"), (1.05, "0.60"), (123.4, "1"), (0.0, "0.600")])
def test_distances_of_one_list_have_as_many_decimals_as_its_largest_needs(largest: float, shown: str):
    assert f"{0.6:.{nearest.decimals_for(largest)}f}" == shown


def test_the_current_picture_that_is_no_digit_is_said_to_be_unlike_them(app: AppTest):
    app.session_state["space_here"] = True
    to_the_end(app)
    assert any("is unlike the pictures of this map" in m.value for m in app.markdown)


def test_suspects_are_listed_and_nothing_is_to_export_before_a_decision(app: AppTest):
    app.session_state["space_part"] = "suspects"
    to_the_end(app)
    assert any("doubts its label" in m.value for m in app.markdown)
    assert app.session_state["space_frame"][1]["doubt"].is_monotonic_decreasing


def test_a_folder_with_an_unreadable_picture_names_it(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("dashboard.shared.local_folder", "dashboard.shared.dataset_choice"):
        monkeypatch.setattr(f"{module}.is_local", lambda: True)
    random = np.random.default_rng(0)
    for label in ("bright", "dark"):
        (tmp_path / label).mkdir()
        for number in range(4):
            pixels = random.integers(0, 60, (8, 8, 3), np.uint8) + (180 if label == "bright" else 0)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / label / f"{number}.png")
    (tmp_path / "dark" / "broken.png").write_bytes(b"no picture")
    app.session_state["space_data"] = "folder"
    app.session_state["space_models"] = {"folder": "digits"}
    app.run()
    app.text_input(key="unit_folder").set_value(str(tmp_path)).run()
    next(b for b in app.button if b.label == "Compute 9 pictures").click()
    to_the_end(app)
    assert [e.label for e in app.expander if "could not be read" in e.label] == [
        "1 picture could not be read and is not on the map"
    ]
    assert any("broken.png" in m.value for m in app.markdown)
    assert "of each picture's 7 nearest in the space" in captions(app)  # of eight pictures there are no ten


def test_where_every_class_has_one_picture_nobody_counts_neighbours_of_its_kind(app: AppTest):
    app.session_state["space_data"] = "samples"
    to_the_end(app)
    assert "mean little in t-SNE" in captions(app)
    assert "of its own kind" not in captions(app)


def test_stopping_a_run_ends_it_at_its_next_step():
    begun, steps = [], []

    def work(tell: jobs.JobProgress) -> str:
        begun.append(True)
        for step in range(10_000):
            steps.append(step)
            tell(step, 10_000)
            time.sleep(0.01)
        return "done"

    jobs.start("test stop", work)
    wait_for(lambda: len(steps) > 2)
    jobs.stop("test stop")
    wait_for(lambda: not jobs.look("test stop").running)
    run = jobs.look("test stop")
    assert run.result is None
    assert run.trouble is None
    assert len(steps) < 1000
    with pytest.raises(Cancelled):
        run.told(1, 2)


def test_rate_and_time_left_are_of_what_this_run_has_done():
    run = jobs.Job(done=300, total=900, first=100, started=time.monotonic() - 10)
    assert job_lines.in_words(run, "Pictures", "pictures") == "Pictures: 300 of 900 pictures · 20 a second · 30 s left"


def test_copies_are_listed_group_by_group():
    groups = (Duplicates((4, 9), 0.0, True, True), Duplicates((1, 2, 3), 0.5, False, False))
    rows, numbers = suspects._copies(groups)
    assert rows.tolist() == [4, 9, 1, 2, 3]
    assert numbers["group"].tolist() == [1, 1, 2, 2, 2]
    assert numbers["alike"][0] == "same pixels, two labels"


def test_the_zip_holds_the_list_and_the_pictures():
    model, data = xai.load_model("digits"), xai.open_dataset("digits")
    table = xai.build_table(model, data)
    space = SimpleNamespace(table=table, request=SimpleNamespace(dataset=data))
    points = np.arange(2 * len(table), dtype=np.float32).reshape(-1, 2)
    with zipfile.ZipFile(io.BytesIO(selection.as_zip(space, np.array([3, 7]), points))) as archive:
        assert archive.namelist() == ["selection.csv", "3/0000003.png", "7/0000007.png"]
        lines = list(csv.DictReader(io.StringIO(archive.read("selection.csv").decode())))
        pixels = np.asarray(Image.open(io.BytesIO(archive.read("3/0000003.png"))))
    assert [line["label"] for line in lines] == ["3", "7"]
    assert [float(line["x"]) for line in lines] == [6.0, 14.0]
    np.testing.assert_array_equal(pixels, data.load(3).pixels)


def test_an_empty_decision_takes_the_earlier_one_back(monkeypatch: pytest.MonkeyPatch):
    kept: dict = {}
    monkeypatch.setattr(decisions, "decisions", lambda _space: kept)
    decisions.decide(None, "labels", 4, decisions.Decision("accept", "a 4"))
    assert kept == {("labels", 4): decisions.Decision("accept", "a 4")}
    decisions.decide(None, "labels", 4, decisions.Decision())
    assert kept == {}
