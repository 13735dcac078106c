"""A card survives its file, and a wrong one is refused by the first thing that is wrong."""

from __future__ import annotations

import pytest
import yaml

from xai_core.errors import ModelError
from xai_core.models.sources.config_file import read_config, write_config
from xai_core.types import ModelConfig, ResizeRule

CARD = ModelConfig(
    key="folder/brain.pt",
    title="Brain MRI, grey",
    source="a file, read as torchvision/resnet18",
    licence="ours",
    input_size=(192, 160),
    mean=(0.449,),
    std=(0.226,),
    resize=ResizeRule(256, "bicubic", antialias=False),
    class_names=("glioma", "no", "3", "pituitary: big, “quoted”"),
    notes=("Trained on T1.",),
    architecture="torchvision/resnet18",
)
LEAST = {"class_names": ["a", "b"], "input_size": [224, 224], "mean": [0.5], "std": [0.5]}


def changed(**entries: object) -> str:
    return yaml.safe_dump(LEAST | entries)


def test_a_card_comes_back_as_it_was() -> None:
    assert read_config(write_config(CARD), CARD.key) == CARD


def test_the_least_that_a_card_needs() -> None:
    config = read_config(changed(), "folder/x.pt")
    assert (config.title, config.resize, config.channel_order) == ("folder/x.pt", ResizeRule(None), "RGB")


def test_it_is_written_for_people() -> None:
    lines = write_config(CARD).splitlines()
    assert lines[:3] == [
        "title: Brain MRI, grey",
        "architecture: torchvision/resnet18",
        "class_names: [glioma, 'no', '3', 'pituitary: big, “quoted”']",
    ]


WRONG = {
    "not valid YAML": "a: [1",
    "has no entries": "3",
    "YAML references": "a: &x [1]\nb: *x",
    "valid YAML": "!!python/object/apply:os.system ['true']",
    "unknown entry 'colour'": changed(colour="red"),
    "at least two classes": changed(class_names=["a"]),
    "put them in quotes": "class_names: [yes, no]\ninput_size: [8, 8]\nmean: [0]\nstd: [1]",
    "without links": changed(class_names=["a", "![b](http://example.org)"]),
    "called “a”": changed(class_names=["a", "a"]),
    "must be \\[height, width\\]": changed(input_size="224"),
    "sides of 8 to 2048": changed(input_size=[224, 100_000]),
    "list of one or three numbers": changed(mean=["0.5"]),
    "one number each for grey": changed(mean=[0.5, 0.5]),
    "finite numbers above 0": changed(std=[0.0]),
    "Means are finite": changed(mean=[float("nan")]),
    "RGB or BGR": changed(channel_order="GRB"),
    "bilinear or bicubic or": changed(resize={"interpolation": "box"}),
    "round or floor": changed(resize={"crop_start": "ceil"}),
    "and nothing else": changed(resize={"crop": 3}),
    "shorter side is 0 pixels": changed(resize={"shorter_side": 0}),
    "one line of at most": changed(title="a\nb"),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_card_gets_one_sentence(said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_config(WRONG[said], "folder/x.pt")
