"""A fresh Streamlit server, and a Chromium page that fails the test on a console error or a request to another host."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, ViewportSize, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
START_SECONDS = 60
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}

ServerStarter = Callable[..., AbstractContextManager[str]]
PageOpener = Callable[..., Page]


@contextmanager
def running_server(script: Path, *extra: str, under: str = "") -> Iterator[str]:
    """Run a Streamlit script on a free port with `extra` options, give its address, and end it by its pid.

    under: a path to live under, like "/sightline", which the address then ends with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}{under}"
    options = ["--server.headless", "true", "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"]
    options += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.baseUrlPath", under]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options, *extra]
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": search}, stdout=subprocess.DEVNULL
    ) as server:
        try:
            wait_until_healthy(server, base)
            yield base
        finally:
            server.terminate()


def wait_until_healthy(server: subprocess.Popen[bytes], base: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with code {server.returncode}"
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"no server at {base} after {START_SECONDS} s")


@pytest.fixture(scope="session")
def start_server() -> ServerStarter:
    """`with start_server(script) as base_url: ...`"""
    return running_server


@pytest.fixture(scope="session")
def sightline(start_server: ServerStarter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server that tests share which do not mind what others did on it; its cache starts empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with start_server(ROOT / "streamlit_app.py") as base:
            yield base


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        message = "no Chromium found: install chromium or google-chrome"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    expect.set_options(timeout=30_000)  # what is there sooner is not waited for
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser) -> Iterator[PageOpener]:
    """`open_page(**context options)`: an error it logs or throws, and a request to another host, fail at the end."""
    faults: list[str] = []
    contexts = []

    def open_page(**options: Any) -> Page:
        contexts.append(browser.new_context(**{"viewport": VIEWPORT, **options}))
        page = contexts[-1].new_page()
        watch(page, faults)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults


def watch(page: Page, faults: list[str]) -> None:
    page.set_default_timeout(1000 * START_SECONDS)  # its server may just have started
    page.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if is_foreign(request) else None)


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[PageOpener]:
    """`open_page(**context options)`, each in a browser context of its own, closed and judged after the test."""
    with watched(chromium) as open_page:
        yield open_page


@dataclass(frozen=True)
class Tab:
    """A page, and what went wrong on it since the list was last emptied."""

    page: Page
    faults: list[str]


@pytest.fixture(scope="session")
def spare_tabs() -> list[Tab]:
    """The tab that the next test gets: none, or the one that the last test left in order."""
    return []


@pytest.fixture
def page(chromium: Browser, spare_tabs: list[Tab]) -> Iterator[Page]:
    """A watched page of 1440 x 900, empty and judged after the test; tests share it, one after another.

    A page that has shown Streamlit before shows it again at two fifths of the processor time. `open_page` is for a
    first visit, for scripts that run before the page's own, and for other kinds of screen.
    """
    tab = spare_tabs.pop() if spare_tabs else new_tab(chromium)
    yield tab.page
    try:
        leave(tab.page)
    except Error:  # the test closed it, or failed on its way to another page
        tab.page.context.close()
    else:
        spare_tabs.append(tab)
    faults = tab.faults.copy()
    tab.faults.clear()
    assert not faults, faults


def new_tab(browser: Browser) -> Tab:
    tab = Tab(browser.new_context(viewport=VIEWPORT).new_page(), [])
    watch(tab.page, tab.faults)
    return tab


def leave(page: Page) -> None:
    """Nothing that a test stored, held or set is there for the next one."""
    page.unroute_all()
    page.evaluate(
        "() => { try { sessionStorage.clear(); localStorage.clear() } catch { /* a page without an origin */ } }"
    )
    page.goto("about:blank")
    page.context.clear_cookies()
    for key in ("Shift", "Alt", "Control"):
        page.keyboard.up(key)
    page.mouse.up()
    page.mouse.move(0, 0)
    page.set_viewport_size(VIEWPORT)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


def choose_screen(page: Page, group: str, title: str) -> None:
    """Open a menu of the navigation above the page and go to one of its pages."""
    page.get_by_test_id("stTopNav").get_by_role("button", name=group, exact=True).click()
    page.get_by_role("menuitem", name=title, exact=True).click()


def is_fault(message: ConsoleMessage) -> bool:
    """An error on the console, but for Streamlit's own two questions whether it is served from /<page>/ (404: no)."""
    requested = urlsplit(message.location.get("url", "")).path
    return message.type == "error" and not re.fullmatch(r"(/\w+)+/_stcore/(health|host-config)", requested)


def is_foreign(request: Request) -> bool:
    address = urlsplit(request.url)
    return address.scheme in ("http", "https", "ws", "wss") and address.hostname != "127.0.0.1"
