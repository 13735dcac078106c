"""The example of docs/deploy.md as visitors meet it: nginx, TLS and the public name in front of our server."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Response, expect
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.visitor import Visitor, visit
from dashboard.server.headers import HEADERS
from tests.browsing import CHROMIUM, QUIET, choose_screen, is_fault
from tests.proxied import PUBLIC, SITE, Proxied, connection_to, proxied, requested, visiting
from tests.security.test_uploads import HEAD, MB, place_of

UNDER = "/sightline"
WAIT = 120_000
Open = Callable[[Proxied], AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    with proxied(tmp_path_factory.mktemp("proxied")) as there:
        yield there


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """The same under a path, and without read-only mode."""
    with proxied(tmp_path_factory.mktemp("below"), UNDER, SIGHTLINE_READ_ONLY="0") as below:
        yield below


@pytest.fixture
def browsing(chromium: Browser) -> Open:
    """`with browsing(proxied) as page`: a page that finds the public name; faults and refusals fail the test."""

    @contextmanager
    def browsing(proxied: Proxied) -> Iterator[Page]:
        faults: list[str] = []

        def watch(answer: Response) -> None:
            host, path = urlsplit(answer.url).hostname, urlsplit(answer.url).path
            if host != PUBLIC or (
                answer.status >= 400 and not path.endswith(("_stcore/health", "_stcore/host-config"))
            ):
                faults.append(f"{answer.status} {answer.url}")

        rules = [*QUIET, proxied.browser_rules]
        browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=rules)
        page = browser.new_page(ignore_https_errors=True, viewport={"width": 1440, "height": 900})
        page.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
        page.on("response", lambda answer: watch(answer) if answer.url.startswith("http") else None)
        yield page
        browser.close()
        assert not faults, faults

    return browsing


def drawn(page: Page) -> None:
    page.locator(".viewer .scene[data-heat=drawn]").first.wait_for(timeout=WAIT)


@pytest.mark.browser
def test_the_first_map_and_the_slices_of_a_scan_arrive(there: Proxied, browsing: Open):
    with browsing(there) as page:
        page.goto(SITE)
        drawn(page)
        with page.expect_response(lambda answer: "/slices/" in answer.url, timeout=WAIT) as slices:
            page.goto(f"{SITE}/mri")
        assert slices.value.ok
        drawn(page)


@pytest.mark.browser
def test_a_large_picture_is_taken_and_a_larger_one_refused_in_words(there: Proxied, browsing: Open, tmp_path: Path):
    taken, refused = tmp_path / "taken.tif", tmp_path / "refused.tif"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (3600, 4400, 3), np.uint8)).save(taken)
    refused.write_bytes(bytes(51 * MB))
    with browsing(there) as page:
        page.goto(SITE)
        drawn(page)
        page.locator("input[type=file]").first.set_input_files(refused)
        sentence = page.get_by_text("File must be 50.0MB or smaller.")
        expect(sentence).to_be_visible(timeout=WAIT)
        assert sentence.evaluate("e => e.getBoundingClientRect().width") > 100  # not for screen readers alone
        page.locator("input[type=file]").first.set_input_files(taken)
        expect(page.get_by_role("button", name="taken.tif").first).to_be_visible(timeout=WAIT)
        drawn(page)


def test_weights_of_a_hundred_megabytes_pass_and_nothing_lies_on_the_proxys_disk(there: Proxied):
    with visiting(there) as visitor:
        visitor.open("models")
        assert put(there, place_of(visitor), 100 * MB) == 204
    assert "buffered to a temporary file" not in (there.folder / "error.log").read_text()


def put(there: Proxied, where: str, size: int) -> int:
    token = generate_xsrf_token_string()
    told = {
        "Content_Type": "multipart/form-data; boundary=b",
        "X_Xsrftoken": token,
        "Cookie": f"_streamlit_xsrf={token}",
    }
    return requested(there, "PUT", where, HEAD + bytes(size) + b"\r\n--b--\r\n", **told).status


def test_more_than_the_limit_is_refused_before_it_is_sent(there: Proxied):
    where = "/_stcore/upload_file/any/1"
    assert requested(there, "PUT", where, Content_Length=str(1051 * MB)).status == 413
    assert requested(there, "PUT", "/anywhere", Content_Length=str(1 * MB)).status == 413


def test_an_upload_without_the_pages_token_is_refused(there: Proxied):
    told = {"Content_Type": "multipart/form-data; boundary=b"}
    assert requested(there, "PUT", "/_stcore/upload_file/any/1", HEAD + b"x\r\n--b--\r\n", **told).status == 403


def test_health(there: Proxied):
    answer = requested(there, "GET", "/_stcore/health")
    assert (answer.status, answer.body) == (200, b"ok")


@pytest.mark.parametrize("path", ["/", "/compare", "/app/static/mark.svg", "/_stcore/health"])
def test_each_header_comes_once(there: Proxied, path: str):
    told = requested(there, "GET", path).headers
    for name, value in {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}.items():
        assert [given for one, given in told if one.lower() == name.lower()] == [value], name


def test_without_tls_visitors_are_sent_to_it(there: Proxied):
    with closing(http.client.HTTPConnection("127.0.0.1", there.plain_port, timeout=60)) as connection:
        connection.request("GET", "/compare?class=3", headers={"Host": PUBLIC})
        with connection.getresponse() as answer:
            assert (answer.status, answer.getheader("Location")) == (301, f"{SITE}/compare?class=3")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": f"{SITE}.evil.example"},
        {"Host": "evil.example", "Origin": "https://evil.example"},
    ],
)
def test_another_site_opens_no_visit(there: Proxied, headers: dict[str, str]):
    with pytest.raises((InvalidStatus, ConnectionClosed)), visiting(there, **headers) as visitor:
        visitor.open("bench")


def test_five_colleagues_behind_one_address_get_every_file(there: Proxied):
    """They open their first pages at once: some hundred small files each, none of which is refused."""
    with connection_to(there) as connection:
        for _ in range(600):
            connection.request("GET", "/app/static/mark.svg", headers={"Host": PUBLIC})
            with connection.getresponse() as answer:
                assert (answer.status, bool(answer.read())) == (200, True)


def test_the_audit_tells_no_address(there: Proxied):
    with visiting(there) as visitor:
        visitor.open("")
    lines = (there.folder / "audit.jsonl").read_text().splitlines()
    assert {json.loads(line)["event"] for line in lines} == {"prediction"}
    assert not any("127.0.0.1" in line or PUBLIC in line for line in lines)


@pytest.mark.slow
@pytest.mark.browser
def test_it_lives_under_a_path(below: Proxied, browsing: Open):
    with browsing(below) as page:
        with page.expect_response(lambda answer: f"{UNDER}/slices/" in answer.url, timeout=WAIT) as slices:
            page.goto(f"{SITE}{UNDER}/mri")
        assert slices.value.ok
        drawn(page)
        choose_screen(page, "See", "Explain")
        expect(page.get_by_role("heading", name="The model sees")).to_be_visible(timeout=WAIT)


@pytest.mark.slow
@pytest.mark.parametrize("claimed", ["127.0.0.1", "", "for=127.0.0.1"])
def test_nobody_behind_the_proxy_passes_for_local(below: Proxied, claimed: str):
    with visiting(below, **{"X-Forwarded-For": claimed, "X-Real-Ip": claimed}) as visitor:
        visitor.open("units", "data=digits")
        assert not names_a_folder(visitor)


def test_somebody_at_the_server_itself_does(url: str):
    with visit(url) as visitor:
        visitor.open("units", "data=digits")
        assert names_a_folder(visitor)


def names_a_folder(visitor: Visitor) -> bool:
    """Whether the page offers to name a folder of the server."""
    assert visitor.elements
    return any(b"Folder or CSV" in element.SerializeToString() for element in visitor.elements.values())


def test_too_many_visits_of_one_address_wait(there: Proxied):
    """A visit costs memory: an address that opens more and more of them is refused."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "x"}
    assert 429 in [requested(there, "GET", "/_stcore/stream", **upgrade).status for _ in range(150)]
