"""Which class of the model a folder's name means."""

from __future__ import annotations

import pytest

import xai_core as xai
from xai_core.models.class_names import matched

CLASSES = ("cab, hack, taxi", "crane", "crane, machine", "No tumor", "cat, taxi dancer", "hack, horse")


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("cab", 0),
        ("Taxi", 0),
        ("cab,_hack,_taxi", 0),
        ("crane", 1),
        ("machine", 2),
        ("no_tumor", 3),
        ("taxi-dancer", 4),
        ("hack", -1),  # a name of two classes
        ("dog", -1),
    ],
)
def test_a_name_alone_is_enough_where_it_is_one_class_only(name: str, index: int):
    assert matched([name], CLASSES).tolist() == [index]


def test_every_name_of_the_bundled_model_means_its_own_class():
    names = xai.load_model("imagenet").config.class_names
    found = matched(names, names)
    assert [names[i] for i in found] == list(names)
