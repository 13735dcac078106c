"""The library's first steps in a fresh process: none waits for a package that only later steps need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each step prints a line: which of the packages that were ever imported are there by now, and what else it changed.
STEPS = """
import json, sys, warnings
from PIL import Image, ImageFile

def tell(step, **more):
    print(json.dumps({"step": step, "modules": sorted({name.split(".")[0] for name in sys.modules}), **more}))

limits = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
import xai_core
tell("import")
from xai_core.images import load_sample
filters = list(warnings.filters)
load_sample("cat")
same = limits == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES), filters == warnings.filters
tell("sample", settings=same[0], filters=same[1])
from xai_core.datasets import open_dataset
open_dataset("digits").load(0)
tell("digits")
from xai_core.models.class_names import imagenet_names
imagenet_names()
tell("names")
"""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    """{step: what it told}; one process, as the import of torch takes seconds of it."""
    run = subprocess.run([sys.executable, "-c", STEPS], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {line["step"]: line for line in lines}


@pytest.mark.parametrize(
    ("step", "later"),
    [
        ("import", {"pydicom", "nibabel", "highdicom", "streamlit"}),  # photographs do not wait for readers of scans
        ("sample", {"skimage"}),
        ("digits", {"sklearn"}),
        ("names", {"timm"}),
    ],
)
def test_a_step_imports_nothing_that_only_later_ones_need(
    told: dict[str, dict[str, object]], step: str, later: set[str]
) -> None:
    modules = told[step]["modules"]
    assert "torch" in modules
    assert later.isdisjoint(modules)


def test_pillows_own_settings_stay_as_they_are(told: dict[str, dict[str, object]]) -> None:
    assert told["sample"]["settings"]
    assert told["sample"]["filters"]
