"""Two visitors of one server: the slices of one, and the files that were taken along, have addresses that the other is
never told, and that lead nowhere once the visit has ended."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save
from streamlit.proto.DownloadButton_pb2 import DownloadButton

from benchmarks.visitor import Visitor, visit
from tests.browsing import running_server
from tests.security.conftest import APP, Ask

ADDRESS = re.compile(rb"slices/[\w-]{16,}")
WITHIN_S = 90


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that keeps a visit for a second after its last tab has closed, where it is two minutes usually."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with running_server(APP, "--server.disconnectedSessionTTL", "1") as base:
            yield base


def addresses(visitor: Visitor, page: str) -> set[str]:
    """Where the planes of a scan are fetched from, as the page is told."""
    visitor.open(page)
    return {one.decode() for data in visitor.raw for one in ADDRESS.findall(data)}


def answers(ask: Ask, url: str, address: str) -> bool:
    return ask(f"{url}/{address}/0")[0] == 200


def test_what_one_is_told_is_not_told_to_the_other_and_ends_with_the_visit(url: str, ask: Ask):
    with visit(url) as other:
        with visit(url) as anna:
            slices = addresses(anna, "mri")
            assert slices
            assert all(answers(ask, url, one) for one in slices)
            assert not slices & addresses(other, "mri")  # though both have the same scan
        last = time.monotonic() + WITHIN_S
        while any(answers(ask, url, one) for one in slices) and time.monotonic() < last:
            time.sleep(1)
        assert not any(answers(ask, url, one) for one in slices)


# What is taken along


def png(seed: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 48, 3), np.uint8)).save(data, "PNG")
    return data.getvalue()


def explain(visitor: Visitor) -> None:
    visitor.open("")


def mri(visitor: Visitor) -> None:
    visitor.open("mri")


def models(visitor: Visitor) -> None:
    torch.manual_seed(0)
    network = torchvision.models.squeezenet1_1(num_classes=4)
    visitor.open("models")
    visitor.upload("A file of weights", "anna.safetensors", save(network.state_dict()))


def bench(visitor: Visitor) -> None:
    visitor.open("bench")


def lasso(visitor: Visitor) -> None:
    visitor.open("map")
    end = time.monotonic() + 2 * WITHIN_S
    while "CSV" not in visitor.downloads() and time.monotonic() < end:
        for view in visitor.components("scatter"):
            everywhere = [-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]
            visitor.trigger(view, "area", {"mode": "replace", "polygon": everywhere, "hidden": ""})
            break
        else:
            time.sleep(1)
            visitor.open("map")


TAKEN = {
    "explain": (explain, {"Raw maps (NPZ)"}),
    "mri": (mri, {"Report (PDF)", "Report (HTML)", "Picture (PNG)", "Numbers (NPZ)"}),
    "models": (models, {"Download card"}),
    "map": (lasso, {"CSV", "Zip"}),
    "bench": (bench, {"All tasks (CSV)"}),
}


@pytest.mark.parametrize(
    "name", [*list(TAKEN)[:2], *(pytest.param(n, marks=pytest.mark.slow) for n in list(TAKEN)[2:])]
)
def test_a_file_that_was_taken_along_goes_with_the_visit(url: str, ask: Ask, name: str):
    """Also on a server where nobody else does anything, for which Streamlit alone would keep it for ever."""
    open_page, labels = TAKEN[name]
    with visit(url) as anna:
        open_page(anna)
        buttons = anna.downloads()
        assert labels <= set(buttons)
        places = {label: anna.place_of(buttons[label]) for label in labels}
        for label, place in places.items():
            status, data = ask(place)
            assert (status, bool(data)) == (200, True), label
        ids = {button.deferred_file_id for button in buttons.values() if button.deferred_file_id}
    last = time.monotonic() + WITHIN_S
    while any(ask(place)[0] == 200 for place in places.values()) and time.monotonic() < last:
        time.sleep(1)
    assert [label for label, place in places.items() if ask(place)[0] == 200] == []
    with visit(url) as ben:
        ben.open("")
        assert not any(ben.place_of(DownloadButton(deferred_file_id=one)) for one in ids)


def test_what_one_takes_along_holds_nothing_of_the_other(url: str, ask: Ask):
    taken, told = {}, {}
    with visit(url) as anna, visit(url) as ben:
        for seed, (name, visitor) in enumerate({"anna": anna, "ben": ben}.items()):
            visitor.open("")
            visitor.upload("Your own pictures", f"{name}-of-1964.png", png(seed))
        for name, visitor in {"anna": anna, "ben": ben}.items():
            told[name] = b"".join(visitor.raw) + str(visitor.elements).encode()
            data = ask(visitor.place_of(visitor.downloads()["Raw maps (NPZ)"]))[1]
            taken[name] = np.load(io.BytesIO(data))
        recipes = {name: str(file["recipe"]) for name, file in taken.items()}
        digests = {name: json.loads(recipe)["image_digest"] for name, recipe in recipes.items()}
        buttons = {name: visitor.downloads()["Raw maps (NPZ)"] for name, visitor in {"anna": anna, "ben": ben}.items()}
        for name, other in (("anna", "ben"), ("ben", "anna")):
            assert digests[name] != digests[other]
            assert digests[other] not in recipes[name]
            assert f"{other}-of-1964".encode() not in told[name]
            assert buttons[other].deferred_file_id.encode() not in told[name]  # by which alone it could be asked for
