"""The whole way in: the gate, a provider of OpenID Connect, back through nginx under the public name, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsing import CHROMIUM, QUIET
from tests.oidc_provider import Provider, provider
from tests.proxied import SITE, Proxied, proxied

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # the gate itself: test_gate.py

WAIT = 120_000


@pytest.fixture(scope="module")
def clinic() -> Iterator[Provider]:
    with provider() as clinic:
        yield clinic


@pytest.fixture(scope="module")
def there(clinic: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("login")
    (folder / "secrets.toml").write_text(clinic.secrets_toml(SITE))
    settings = {
        "SIGHTLINE_REQUIRE_LOGIN": "1",
        "SIGHTLINE_USERS": "*@clinic.example",
        "STREAMLIT_SECRETS_FILES": str(folder / "secrets.toml"),
    }
    with proxied(folder, **settings) as there:
        yield there


@pytest.fixture
def visit(chromium: Browser, there: Proxied) -> Iterator[BrowserContext]:
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, there.browser_rules])
    yield browser.new_context(ignore_https_errors=True)
    browser.close()


def log_in(visit: BrowserContext) -> Page:
    page = visit.new_page()
    page.goto(f"{SITE}/compare")
    page.get_by_role("button", name="Log in").click(timeout=WAIT)
    return page


def test_a_colleague_enters_works_and_leaves(visit: BrowserContext, there: Proxied, clinic: Provider):
    clinic.email = "Ann@Clinic.example"
    page = log_in(visit)
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=WAIT)
    cookies = {cookie.get("name"): cookie for cookie in visit.cookies()}
    assert all(cookie.get("secure") for cookie in cookies.values())  # never sent without TLS
    assert cookies["_streamlit_user"].get("httpOnly")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=WAIT)
    assert "clinic" not in (there.folder / "audit.jsonl").read_text().lower()


def test_who_is_not_invited_stays_outside(visit: BrowserContext, there: Proxied, clinic: Provider):
    clinic.email = "ann@clinic.example.evil"
    audit = Path(there.folder / "audit.jsonl")
    before = audit.read_text() if audit.exists() else ""
    page = log_in(visit)
    expect(page.get_by_text("Your account has no access to this server.")).to_be_visible(timeout=WAIT)
    assert (audit.read_text() if audit.exists() else "") == before
