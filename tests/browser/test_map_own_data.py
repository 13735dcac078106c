"""The Map page in a browser on real photographs and scans: from extraction to suspects and export."""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.map_page import WAIT_MS, lasso, open_a_point, settled, still
from tests.shared_data import photographs, shared

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Own:
    """rows: picture, label and kind of each line of the list. said: what the page must say of the kinds."""

    network: str
    title: str
    kind: str
    rows: list[tuple[Path, str, str]]
    said: str


def photos() -> Own:
    chosen = photographs()[::3][:56]
    rows = [(path, "animal" if path.name < "n0266" else "thing", path.name[:3]) for path in chosen]
    return Own("imagenet", "EfficientNet-Lite0", "branch", rows, "are of its own kind; by chance")


def scans() -> Own:
    rows = []
    for label in ("glioma", "meningioma", "no_tumor", "pituitary"):
        source = "Br35H" if label == "no_tumor" else "figshare"
        rows += [(path, label, source) for path in sorted((shared("brain-mri") / label).glob("*.jpg"))[::9][:20]]
    return Own(
        "brain-mri", "Brain MRI slices (EfficientNet-Lite0)", "source", rows, "The network keeps the kinds apart"
    )


def listed(own: Own, root: Path) -> Path:
    """Copies of the pictures, and the list that names them."""
    with (root / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", own.kind])
        for path, label, kind in own.rows:
            (root / label).mkdir(exist_ok=True)
            shutil.copy(path, root / label)
            writer.writerow([f"{label}/{path.name}", label, kind])
    return root / "list.csv"


@pytest.mark.slow
@pytest.mark.parametrize("own", [photos, scans])
def test_own_pictures_go_through_the_whole_page(own: object, page: Page, sightline: str, tmp_path: Path):
    data = own()
    page.goto(f"{sightline}/map?space={data.network}")
    page.locator(".st-key-space_data").get_by_text("Folder or CSV").click(timeout=WAIT_MS)
    path = page.get_by_role("textbox", name="Path of a folder")
    path.fill(str(listed(data, tmp_path)), timeout=WAIT_MS)
    path.press("Enter")
    expect(page.get_by_role("combobox", name=re.compile("Model"))).to_have_value(data.title)
    page.get_by_role("button", name=f"Compute {len(data.rows)} pictures").click(timeout=WAIT_MS)
    settled(page)
    expect(page.locator(".number")).to_have_text(f"{len(data.rows)} points")
    see_colours(page, data)
    see_one(page)
    see_many(page, data, tmp_path)
    see_suspects(page)


def see_colours(page: Page, data: Own) -> None:
    """Coloured by the list's own column, the page says whether neighbours share it."""
    page.get_by_role("combobox", name=re.compile("Colour by")).click()
    page.get_by_role("option", name=data.kind).click()
    expect(page.locator(".legend-title")).to_have_text(data.kind, timeout=WAIT_MS)
    expect(page.get_by_text(data.said)).to_be_visible(timeout=WAIT_MS)
    still(page)


def see_one(page: Page) -> None:
    """A click opens a picture with its map, its nearest with theirs, why they are alike; then one is placed."""
    open_a_point(page)
    configs = page.locator(".st-key-space_neighbours .choice")
    expect(configs).to_have_count(7, timeout=WAIT_MS)
    expect(page.locator(".st-key-space_neighbours img[src^='data:image/webp']")).to_have_count(7, timeout=WAIT_MS)
    page.get_by_text("Why are two of them alike?").click()
    expect(page.get_by_text("the likeness (cosine) of the two is")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("Channels that make them alike")).to_be_visible(timeout=WAIT_MS)
    configs.nth(2).click()
    expect(page.locator("[class*=st-key-space_step_0]")).to_be_visible(timeout=WAIT_MS)
    still(page)
    page.get_by_text("Place my picture").click()
    expect(page.get_by_text(re.compile("(like|unlike) the pictures of this map|at the edge of"))).to_be_visible(
        timeout=WAIT_MS
    )
    still(page)


def see_many(page: Page, data: Own, folder: Path) -> None:
    """A lasso around all: filmstrip, mix of classes, mean map, list and zip."""
    count = lasso(page, [(0.01, 0.2), (0.99, 0.2), (0.99, 0.98), (0.01, 0.98)])
    assert 24 < count <= len(data.rows)
    expect(page.locator(".st-key-space_film .choice")).to_have_count(24, timeout=WAIT_MS)
    expect(page.get_by_text("Class mix")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name=f"Mean map of {min(32, count)} pictures").click()
    expect(page.get_by_text(re.compile("Mean over .* selected pictures"))).to_be_visible(timeout=WAIT_MS)
    still(page)
    for button, name in (("CSV", "selection.csv"), ("Zip", "selection.zip")):
        with page.expect_download(timeout=WAIT_MS) as download:
            page.get_by_role("button", name=button, exact=True).click()
        download.value.save_as(folder / name)
    with (folder / "selection.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == count
    wanted = {f"{label}/{path.name}": (label, kind) for path, label, kind in data.rows}
    assert all((line["label"], line[data.kind]) == wanted[line["name"]] for line in lines)
    with zipfile.ZipFile(folder / "selection.zip") as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == count


def see_suspects(page: Page) -> None:
    """The list of doubtful labels, one accepted by its key."""
    page.locator(".st-key-space_part").get_by_text("Suspects").click()
    expect(page.get_by_role("button", name="Show these on the map")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("doubts its label")).to_be_visible(timeout=WAIT_MS)
    still(page)
