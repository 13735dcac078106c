"""`dashboard.serve`: one's own network is handed over whole, refused with one sentence, and served to this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import xai_core as xai
from benchmarks.visitor import heat_of, visit
from dashboard.server.handing_over import handed_over, opened
from xai_core.errors import ImageError, ModelError

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {"input_size": (32, 32), "mean": (0.5,) * 3, "std": (0.5,) * 3, "title": None}
WAIT_S = 120

SCRIPT = """
import sys

import dashboard
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


torch.manual_seed(0)
net = Net()
torch.save(net.state_dict(), sys.argv[1])
picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
serving = dashboard.serve(net, [picture], ["a", "b", "c"], input_size=(32, 32), open_browser=False)
print(serving.url, serving.folder, flush=True)
serving.wait()
"""


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()


def random_image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (40, 50, 3), np.uint8)


def test_what_arrives_explains_as_what_was_sent():
    given = opened(handed_over(network(), [random_image(0), Image.fromarray(random_image(1))], ["a", "b"], SETTINGS))
    sent = xai.wrap_model(network(), class_names=["a", "b"], **SETTINGS)
    assert given.model.digest == sent.digest
    assert [image.name for image in given.images] == ["picture 1", "picture 2"]
    for image, pixels in zip(given.images, (random_image(0), random_image(1)), strict=True):
        np.testing.assert_array_equal(image.pixels, pixels)
        expected = xai.explain(sent, xai.load_image(Image.fromarray(pixels)), layers=["1"], classes=[1])
        np.testing.assert_array_equal(
            xai.explain(given.model, image, layers=["1"], classes=[1]).maps["1"], expected.maps["1"]
        )
    assert given.dataset is not None
    assert len(given.dataset) == 2


def test_a_folder_is_the_data_set_and_its_readable_pictures_stand_ready(tmp_path: Path):
    for number in range(3):
        Image.fromarray(random_image(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    given = opened(handed_over(network(), tmp_path, None, SETTINGS))
    assert given.dataset is not None
    assert (len(given.dataset), len(given.images)) == (4, 3)
    assert given.model.config.class_names == ("class 0", "class 1")


class Locked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.lock = network(), Lock()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


@pytest.mark.parametrize(
    ("model", "images", "names", "said"),
    [
        (network(), None, ["a", "b", "c"], "has 2 outputs, but 3 class names"),
        ("resnet18", None, None, "A str is no network"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)), None, ["a"], r"answers with \(1, 4, 30, 30\)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(7, 2)), None, ["a", "b"], "cannot read an input of"),
        (network(), [], ["a", "b"], "list of images is empty"),
        (network(), [np.zeros((4, 4, 3), np.float32)], ["a", "b"], "Image 1 is float32"),
        (network(), "no/such/folder", ["a", "b"], "no data set"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_starts(model, images, names, said):
    with pytest.raises((ModelError, ImageError), match=said):
        handed_over(model, images, names, SETTINGS)


def test_a_network_that_cannot_be_handed_over_says_what_to_remove():
    with pytest.raises(ModelError, match="Remove open files, locks and generators"):
        handed_over(Locked(), None, ["a", "b"], SETTINGS)


@pytest.mark.slow
def test_a_script_serves_its_own_network_and_the_server_ends_with_it(tmp_path: Path):
    """The network's class exists in that script alone, which runs elsewhere than in the checkout."""
    (tmp_path / "mine.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "mine.py", "weights.pt"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        url, folder = script.stdout.readline().split()
        assert url.startswith("http://127.0.0.1:")
        assert Path(folder).stat().st_mode & 0o077 == 0
        assert not list(Path(folder).glob("*.pickle"))
        with visit(url.rstrip("/")) as visitor:
            visitor.open(wait_s=WAIT_S)
            assert visitor.choices("Pictures")[1]["items"][0]["title"] == "picture 1"
            best = visitor.choices("The five most probable classes")[1]["items"][0]["title"]
            header, shown = heat_of(next(visitor.components("viewer")))
        script.kill()
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU()),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(16, 3),
    ).eval()
    weights = list(torch.load(tmp_path / "weights.pt", weights_only=True).values())
    net.load_state_dict(dict(zip(net.state_dict(), weights, strict=True)))
    model = xai.wrap_model(
        net, input_size=(32, 32), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), class_names=["a", "b", "c"]
    )
    image = xai.load_image(Image.fromarray(random_image()))
    assert best == xai.predict(model, image).top(1)[0].name
    layer = header["heat"]["layer"].replace("features", "0")
    expected = np.maximum(xai.explain(model, image, layers=[layer]).maps[layer][0], 0)
    np.testing.assert_allclose(np.maximum(shown, 0), expected, atol=1e-6)
    until_gone(url)
    assert not Path(folder).exists()


def until_gone(url: str) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}_stcore/health", timeout=5):
                time.sleep(0.2)
        except (urllib.error.URLError, OSError):
            return
    raise AssertionError("the server outlived the script that started it")
