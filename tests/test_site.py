"""The guide and the reference as a site: built without a warning, every public name in it, nothing asked of others."""

from __future__ import annotations

import doctest
import functools
import http.server
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

import xai_core as xai
from deploy.docstring_sections import with_sections

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe|source|video|audio|object)\b[^>]*?\b(?:src|href|data|srcset)\s*=\s*["']?\s*(?:https?:)?//"""
    r"""|url\(\s*["']?\s*(?:https?:)?//|@import\s+["'](?:https?:)?//""",
    re.IGNORECASE,
)
EXAMPLES = sorted(
    file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for file in (ROOT / "xai_core").rglob("*.py")
    if ">>> " in file.read_text("utf-8")
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it: a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    quiet = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_every_public_name_stands_once_in_the_reference():
    listed = re.findall(r"^::: xai_core\.(\w+)$", (ROOT / "docs" / "reference.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(xai.__all__)


def test_the_reference_shows_arguments_errors_and_examples(site: Path):
    page = (site / "reference.html").read_text("utf-8")
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "Class maps of one picture, raw and signed: result.maps[layer] is float32 (k, h, w)." in told
    assert re.search(r"classes \( ?Sequence\[int\] \| None, default: None ?\) – indices; None for the predicted", told)
    assert re.search(r"NotApplicable ?– the method has no meaning", told)
    assert "&gt;&gt;&gt; " in page
    for name in xai.__all__:
        assert f'id="xai_core.{name}"' in page, name


def test_no_file_of_the_site_names_another_host_for_what_a_browser_loads(site: Path):
    assert FOREIGN.search('<script defer src="https://example.org/x.js">')
    assert FOREIGN.search("@import '//example.org/x.css'")
    files = [file for file in site.rglob("*") if file.suffix in (".html", ".css")]
    found = {file.name: FOREIGN.findall(file.read_text("utf-8")) for file in files}
    assert len(files) > 15
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.browser
def test_a_browser_asks_no_other_host_on_any_page_nor_in_a_search(site: Path, address: str, page: Page):
    """The fixture `page` fails on a request to another host and on an error of the console."""
    for file in sorted(site.rglob("*.html")):
        page.goto(f"{address}/{file.relative_to(site).as_posix()}")
    page.goto(f"{address}/index.html")
    search = page.get_by_role("textbox", name="Search")
    search.click()
    search.press_sequentially("receptive_fields")
    expect(page.locator(".md-search-result")).to_contain_text("dict[str, ReceptiveField]", timeout=30_000)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_docstrings_run(name: str):
    tried = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried.failed == 0
    assert tried.attempted > 0


def test_entries_of_a_docstring_become_sections():
    text = (
        "The maps.\n\nlayers: dotted\nnames. mean, std: one value\nfor each: always. Prose of std\ngoes on.\n"
        "A new line is prose. seed: a number. ModelError, NotApplicable: no use.\nother: unknown.\n\n>>> 1 + 1\n2"
    )
    assert with_sections(text, ["layers", "mean", "std", "seed", "batch"], "Args") == (
        "The maps.\n\nA new line is prose.\n\nother: unknown.\n\n"
        "Args:\n    layers: dotted names.\n    mean: one value for each: always. Prose of std goes on.\n"
        "    std: one value for each: always. Prose of std goes on.\n    seed: a number.\n\n"
        "Raises:\n    ModelError: no use.\n    NotApplicable: no use.\n\n"
        "Examples:\n    >>> 1 + 1\n    2"
    )


def test_a_docstring_without_entries_stays_as_it_is():
    text = "One sentence: with a colon.\n\nAnd prose, of layers: none."
    assert with_sections(text, ["colon"], "Args") == text
