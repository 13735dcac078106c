"""The command `sightline`: what it draws and prints, and one sentence and code 2 where its input makes no sense."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

import sightline
import xai_core as xai
from sightline.__main__ import class_index, main
from xai_core.errors import ClassError
from xai_core.models.catalog import list_again
from xai_core.models.sources.config_file import write_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A picture in an otherwise empty folder, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(xai.load_sample("cat").pixels).save("cat.png")
    return "cat.png"


def python(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as drawn:
        return np.asarray(drawn)


def prediction(*names: str) -> xai.Prediction:
    shares = np.full(len(names), 1 / len(names), np.float32)
    return xai.Prediction(shares, shares, names)


def test_explain_writes_the_map_of_the_library_and_tells_how_it_was_made(cat: str, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", cat, "--method", "hires_cam", "--layer", "blocks.4", "--class", "tiger cat"]) == 0
    model, image = xai.load_model("imagenet"), xai.load_image(cat)
    result = xai.explain(model, image, "hires_cam", ["blocks.4"], [282])
    np.testing.assert_array_equal(pixels("cat-heat-map.png"), xai.overlay(image, result))
    told = capsys.readouterr().out.splitlines()
    best = xai.predict(model, image).top(5)
    assert told[0] == "cat.png · EfficientNet-Lite0"
    assert [line.split()[0] for line in told[2:7]] == [str(one.index) for one in best]
    assert "HiResCAM · layer blocks.4, 14 × 14 · tiger cat · " in told[7]
    assert told[-2:] == [xai.describe(result.maps["blocks.4"][0]), "Heat map: cat-heat-map.png"]


@pytest.mark.slow
def test_the_library_and_explain_do_without_streamlit(cat: str, tmp_path: Path):
    code = """
import sys
sys.modules["streamlit"] = None  # as where it is not installed
import xai_core
from sightline.__main__ import main
print("explained", main(["explain", "cat.png", "--out", "map.png"]))
main([])  # the dashboard cannot do without
"""
    done = python(code, folder=tmp_path)
    assert done.stdout.splitlines()[-1] == "explained 0", done.stderr
    assert "No module named 'streamlit" in done.stderr
    assert pixels(tmp_path / "map.png").shape == pixels(cat).shape


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["explain", "nowhere.png"], 'The file "nowhere.png" does not exist'),
        (["explain", "cat.png", "--model", "resnet50"], 'no model "resnet50"; did you mean torchvision/resnet50'),
        (["explain", "cat.png", "--method", "rise"], "There is no method 'rise'; choose one of"),
        (
            ["explain", "cat.png", "--layer", "block4"],
            'EfficientNet-Lite0 has no layer "block4"; did you mean blocks.4',
        ),
        (["explain", "cat.png", "--class", "expresso"], 'no class "expresso"; did you mean espresso'),
        (["explain", "cat.png", "--class", "1000"], 'no class "1000"'),
        (["explain", "cat.png", "--method", "cam", "--layer", "blocks.2"], "CAM exists only at 'bn2'"),
        (["explain", "cat.png", "--out", "map.jpg"], '"map.jpg" is no PNG'),
        (["explain", "cat.png", "--out", "nowhere/map.png"], '"nowhere/map.png" cannot be written (No such file'),
    ],
)
def test_input_that_makes_no_sense_gets_one_sentence(
    cat: str, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    assert Path(cat).exists()
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("sightline: ")
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert list(Path().iterdir()) == [Path(cat)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["explian", "cat.png"], 'there is no command "explian"; to explain a picture: sightline explain PICTURE.'),
        (["cat.png"], 'there is no command "cat.png"'),
        (["--modles", "folder"], 'there is no option "--modles"'),
        (["--models", "nowhere"], 'there is no folder "nowhere"; name the one that holds the models.'),
        (["--server.port"], "--server.port needs a value."),
        (["--server.port", "8600", "cat.png"], 'there is no command "cat.png"'),
        (["explain"], "the following arguments are required: PICTURE"),
        (["explain", "cat.png", "--models", "nowhere"], 'there is no folder "nowhere"'),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_the_dashboard_gets_streamlits_options_and_the_folder_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run: list[object] = []
    monkeypatch.setenv("SIGHTLINE_MODELS", "")
    monkeypatch.setattr("streamlit.web.cli.main", lambda arguments, *_, **__: run.append(arguments))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    assert main(["--server.port", "8600", "--models", "own", "--server.headless=true"]) == 0
    assert run == [["run", str(ROOT / "streamlit_app.py"), "--server.port", "8600", "--server.headless=true"]]
    assert os.environ["SIGHTLINE_MODELS"] == str(tmp_path / "own")


@pytest.fixture
def models_known_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SIGHTLINE_MODELS", "")
    list_again()
    yield
    monkeypatch.undo()
    list_again()


@pytest.mark.usefixtures("models_known_anew")
def test_explain_takes_a_model_of_a_folder(cat: str, capsys: pytest.CaptureFixture[str]):
    torch.manual_seed(0)
    Path("own").mkdir()
    torch.save(torchvision.models.resnet18(num_classes=4).state_dict(), "own/brain.pt")
    config = xai.open_checkpoint("own/brain.pt", class_names="abcd").config
    Path("own/brain.yaml").write_text(write_config(config), "utf-8")
    assert main(["explain", cat, "--models", "own", "--model", "folder/brain.pt", "--class", "c"]) == 0
    assert " · c · score " in capsys.readouterr().out


def test_a_class_is_known_by_index_by_name_and_by_one_of_its_names():
    found = prediction("tabby, tabby cat", "Egyptian cat", "crane", "crane", "7")
    assert [class_index(found, text) for text in ("0", "tabby", "TABBY CAT", "egyptian cat", "2", "3")] == [
        0,
        0,
        0,
        1,
        2,
        3,
    ]
    assert class_index(found, "7") == 4  # a class of that name comes before an index
    with pytest.raises(ClassError, match="2, 3; give an index"):
        class_index(found, "crane")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_need_neither_the_library_nor_streamlit(tmp_path: Path, option: str):
    code = "from sightline.__main__ import main\ntry: main(sys.argv[1:])\nexcept SystemExit as end: code = end.code\n"
    code += "print([name for name in ('torch', 'xai_core', 'streamlit') if name in sys.modules], code)"
    done = python(code, option, folder=tmp_path)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stderr
    assert option != "--version" or done.stdout.startswith(f"Sightline {sightline.__version__}\n")


def test_the_version_stands_in_one_place():
    """What tells it to people, the list of changes and the citation, agrees."""
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    newest = next(line for line in changes.splitlines() if line.startswith("## "))
    assert newest.split()[1] == sightline.__version__
    assert f"\nversion: {sightline.__version__}\n" in citation
