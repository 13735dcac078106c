"""Class names from what people paste and upload; every form gives the same four."""

from __future__ import annotations

import json

import pytest

from xai_core.errors import ModelError
from xai_core.models.class_names import read_names

FOUR = ("glioma", "meningioma", "no tumour", "pituitary")
FORMS = {
    "lines": "glioma\nmeningioma\n\nno tumour\npituitary\n",
    "Windows lines and a mark of the encoding": "\ufeffglioma\r\nmeningioma\r\nno tumour\r\npituitary",
    "commas": "glioma, meningioma, no tumour, pituitary",
    "JSON list": json.dumps(FOUR),
    "JSON by number": json.dumps({str(i): name for i, name in enumerate(FOUR)}),
    "JSON by name, as ImageFolder.class_to_idx": json.dumps({name: i for i, name in enumerate(FOUR)}),
    "table": "0,glioma\n1,meningioma\n2,no tumour\n3,pituitary",
    "table in another order with a heading": "name;index\npituitary;3\nglioma;0\nno tumour;2\nmeningioma;1",
    "tabs and quotes": 'index\tname\n0\t"glioma"\n1\tmeningioma\n2\tno tumour\n3\tpituitary',
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_names_in_the_order_of_the_outputs(form: str) -> None:
    assert read_names(FORMS[form]) == FOUR


def test_names_with_commas_stay_whole() -> None:
    assert read_names("tench, Tinca tinca\ngoldfish, Carassius auratus") == (
        "tench, Tinca tinca",
        "goldfish, Carassius auratus",
    )


def test_digits_are_names_too() -> None:
    assert read_names("\n".join(map(str, range(10)))) == tuple(map(str, range(10)))
    assert read_names("[0, 1, 2]") == ("0", "1", "2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  \n ", "No class names were given"),
        ('["a", ', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('["a", null]', "a list of texts"),
        ('[["a"]]', "a list of texts"),
        ('{"a": "b"}', "Each class needs its number"),
        ('{"0": "a", "2": "b"}', "do not run from 0 to 1"),
        ("0,a\n0,b", "the same number"),
        ('0,"a\n1,b', "open quotation mark"),
        ("a" * 201, "longer than 200 characters"),
        ("cat\n![x](http://example.org/x.png)", "or a link"),
        ("cat\n\x07", "name of class 1 is empty, unprintable"),
    ],
)
def test_what_cannot_be_names_gets_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_names(text)
