"""Names that others have written are text in the browser itself: Streamlit makes icons, links and colours of some that
Markdown's own escapes leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.plain_text.hostile import NAMES
from tests.browsing import ServerStarter

PLAIN = ("--theme.font", "sans-serif", "--theme.codeFont", "monospace")  # the house's lie beside its own script
APP = Path(__file__).with_name("plain_text") / "app.py"
READ = r"""() => Object.fromEntries([...document.querySelectorAll("[class*=st-key-]")].map((place) => {
    const text = place.querySelector("[data-testid=stMarkdownContainer]") ?? place
    const made = [...text.querySelectorAll("*")].map((one) => one.localName)
    return [/st-key-(\S+)/.exec(place.className)[1], [text.textContent.replaceAll("\u2060", ""), made.join(" ")]]
}))"""


@pytest.mark.browser
def test_every_name_is_text_and_nothing_else(start_server: ServerStarter, page: Page):
    with start_server(APP, *PLAIN) as base:
        page.goto(base)
        page.locator(f".st-key-code-{len(NAMES) - 1}").wait_for()
        page.wait_for_function(  # each was drawn: what stands there first is a place to hold
            "count => document.querySelectorAll('[class*=st-key-] p').length >= count", arg=3 * len(NAMES)
        )
        seen = page.evaluate(READ)
        page.goto("about:blank")
    for number, name in enumerate(NAMES):
        name = " ".join(name.split())
        assert seen[f"prose-{number}"] == [f"Said: {name}.", "p strong"]
        assert seen[f"plain-{number}"] == [name, "p"]
        assert seen[f"code-{number}"] == [name.replace("`", "'"), "p code"]
