"""The wheel, in an environment of its own and an empty folder: the command explains a picture and serves the dashboard.

The environment sees the packages of this one, so that nothing is downloaded, but not the clone.
"""

from __future__ import annotations

import email
import os
import re
import socket
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PIL import Image
from playwright.sync_api import Page, expect

import sightline
import xai_core as xai
from tests.browsing import wait_until_healthy

ROOT = Path(__file__).resolve().parents[1]
NOT_CODE = {"__pycache__"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SIGHTLINE_MODELS")}


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and a folder elsewhere in which nothing lies."""

    environment: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        """What a program of the environment prints, started in the folder."""
        command = [str(self.environment / "bin" / program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    environment = place / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=120)
    packages = next(environment.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    pip("--python", str(environment / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    (place / "empty").mkdir()
    return Installed(environment, place / "empty")


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_brings_every_file_of_the_library_and_the_dashboard_and_nothing_else(wheel: Path):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {"sightline/streamlit_app.py", "sightline/.streamlit/config.toml"}
    for part, under in (("xai_core", ""), ("sightline", ""), ("dashboard", "sightline/"), ("pages", "sightline/")):
        files = [path for path in (ROOT / part).rglob("*") if path.is_file() and not NOT_CODE & set(path.parts)]
        wanted |= {under + path.relative_to(ROOT).as_posix() for path in files}
    assert held == wanted
    assert "xai_core/py.typed" in held


def test_its_requirements_are_the_lists_and_its_licences_lie_within(wheel: Path):
    archive = zipfile.ZipFile(wheel)
    inside = {name.rpartition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
    assert {"licenses/LICENSE", "licenses/NOTICE"} <= inside.keys()
    told = email.message_from_bytes(archive.read(inside["METADATA"]))
    assert (told["Name"], told["Version"]) == ("sightline", sightline.__version__)
    assert told["License-Expression"] == "Apache-2.0"
    needs = [Requirement(text) for text in told.get_all("Requires-Dist") or ()]
    assert {plain(need) for need in needs if need.marker is None} == listed("requirements.txt")
    for extra, names in {name: [f"requirements-{name}.txt"] for name in ("huggingface", "login", "ray")}.items():
        asked = [need for need in needs if need.marker is not None and need.marker.evaluate({"extra": extra})]
        assert {plain(need) for need in asked} == set().union(*map(listed, names))


def plain(need: Requirement) -> str:
    need.marker = None
    return str(need).lower().replace("_", "-")


def listed(name: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    return {plain(Requirement(line)) for line in lines if line and not line.startswith("-")}


@pytest.mark.slow
def test_the_command_explains_a_picture_in_an_empty_folder(installed: Installed):
    assert installed.run("sightline", "--version") == f"Sightline {sightline.__version__}\n"
    image = xai.load_sample("coffee")
    Image.fromarray(image.pixels).save(installed.folder / "cup.png")
    assert "espresso" in installed.run("sightline", "explain", "cup.png")
    with Image.open(installed.folder / "cup-heat-map.png") as drawn:
        assert drawn.size == Image.fromarray(image.pixels).size


@pytest.mark.slow
def test_a_network_is_served_from_the_wheel_which_gives_site_packages_two_names(installed: Installed):
    code = """
import importlib.util, sys, urllib.request
from torch import nn
import sightline, xai_core
before = list(sys.path)
network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()
print(*(importlib.util.find_spec(name) for name in ("dashboard", "pages", "streamlit_app")))
with sightline.serve(network, class_names=["a", "b"], open_browser=False) as serving:
    print(urllib.request.urlopen(serving.url).status, sys.path == before)
print(xai_core.__file__, sightline.HOME)
"""
    absent, answer, places = installed.run("python", "-c", code).splitlines()
    assert absent == "None None None"
    assert answer == "200 True"
    assert all(place.startswith(str(installed.environment)) for place in places.split())


@contextmanager
def command_running(installed: Installed, folder: Path) -> Iterator[str]:
    """`sightline` under way in a folder; gives its address, and ends it by its pid."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [str(installed.environment / "bin" / "sightline"), "--server.port", port, "--server.headless", "true"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_healthy(server, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.mark.slow
@pytest.mark.browser
def test_the_command_draws_its_map_also_from_a_project_with_such_names_of_its_own(
    installed: Installed, tmp_path: Path, page: Page
):
    for name in ("dashboard.py", "pages.py", "xai_core.py", "streamlit_app.py"):
        (tmp_path / name).write_text("raise ImportError('another project')", "utf-8")
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text('[theme]\nfont = "serif"\n', "utf-8")
    with command_running(installed, tmp_path) as url:
        page.goto(url)
        expect(page.get_by_role("heading", name=re.compile("The model sees: espresso"))).to_be_visible(timeout=60_000)
        page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=60_000)
        # The settings and fonts of ours are in force, wherever the command was started.
        assert page.evaluate("document.fonts.check('15px \"Plex Sans\"')")
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Plex Sans"')
        for address in ("/compare", "/models"):
            page.goto(url + address)
            expect(page.get_by_role("img", name="Logo").first).to_be_visible(timeout=60_000)
        page.close()  # before its server goes
