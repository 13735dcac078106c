"""The oracles are torchvision's own list of labels and timm's own reader of the same tables."""

import pytest
from timm.data import ImageNetInfo
from torchvision.models._meta import _IMAGENET_CATEGORIES

from xai_core.errors import ModelError
from xai_core.models import class_names
from xai_core.models.class_names import imagenet_ids, imagenet_names, short_name

# torchvision resolved two of the ambiguous names by hand, in its own words.
TORCHVISION_EXCEPTIONS = {134: "crane bird", 639: "maillot tank suit"}


def without_bracket(name):
    return short_name(name).split(" (")[0]


def test_the_label_order_is_torchvisions():
    first = [without_bracket(name) for name in imagenet_names()]
    differ = {i: label for i, label in enumerate(_IMAGENET_CATEGORIES) if label != first[i]}
    assert differ == TORCHVISION_EXCEPTIONS


def test_ids_and_synonyms_are_timms():
    info = ImageNetInfo()
    assert list(imagenet_ids()) == info.label_names()
    plain = [name for name in imagenet_names() if "(" not in name]
    assert len(plain) == 992
    assert set(plain) <= set(info.label_descriptions())


def test_known_labels_keep_all_their_synonyms():
    names = imagenet_names()
    assert names[0] == "tench, Tinca tinca"
    assert names[2].endswith("man-eating shark, Carcharodon carcharias")
    assert imagenet_ids()[0] == "n01440764"
    assert imagenet_ids()[999] == "n15075141"


def test_every_short_name_is_distinct_even_without_case():
    assert len({short_name(name).lower() for name in imagenet_names()}) == 1000


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (134, "crane (large long-necked wading bird of marshes…)"),
        (517, "crane (lifts and moves heavy objects)"),
        (264, "Cardigan (slightly bowlegged variety of corgi…), Cardigan Welsh corgi"),
        (474, "cardigan (knitted jacket that is fastened up the front…)"),
        (638, "maillot (tights for dancers or gymnasts)"),
        (639, "maillot (a woman's one-piece bathing suit), tank suit"),
        (836, "sunglass (a convex lens that focuses the rays of the sun)"),
        (837, "sunglasses (spectacles that are darkened or polarized…), dark glasses, shades"),
    ],
)
def test_names_that_two_classes_share_say_which_is_meant(index, name):
    assert imagenet_names()[index] == name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("tench, Tinca tinca", "tench"),
        ("meningioma", "meningioma"),
        ("mass (round, smooth), benign", "mass (round, smooth)"),
        ("an open ( bracket, and more", "an open ( bracket"),
        (", odd", ", odd"),
        ("", ""),
    ],
)
def test_short_name_ends_at_the_first_comma_outside_brackets(name, short):
    assert short_name(name) == short


def test_without_timm_one_sentence_says_what_to_install(monkeypatch):
    imagenet_ids.cache_clear()
    monkeypatch.setattr(class_names.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"imagenet_synsets\.txt.*install timm"):
        imagenet_ids()
