"""Where login is on, every address leads to the gate alone, before anything is computed; a session opens it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, generate_xsrf_token_string

from benchmarks.visitor import Visitor, visit
from dashboard.app import PAGES
from dashboard.server import gate
from tests.browsing import running_server
from tests.security.conftest import APP, Ask

SECRET = "a secret of this test alone, long enough to sign"
AUTH = f"""
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "{SECRET}"
client_id = "sightline"
client_secret = "none"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server behind a login, and its audit file."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "secrets.toml").write_text(AUTH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_AUDIT", str(folder / "audit"))
        patch.setenv("SIGHTLINE_USERS", "*@clinic.example")
        patch.setenv("SIGHTLINE_REQUIRE_LOGIN", "1")
        with running_server(APP, "--secrets.files", str(folder / "secrets.toml")) as base:
            yield base, folder / "audit"


def words(visitor: Visitor) -> set[str]:
    return {element.WhichOneof("type") for element in visitor.elements.values()}


def buttons(visitor: Visitor) -> list[str]:
    return [e.button.label for e in visitor.elements.values() if e.HasField("button")]


def cookies(email: str, verified: object = True, secret: str = SECRET) -> dict[str, str]:
    """What the browser of somebody who has logged in sends; `token` goes where the page puts it."""
    user = {"origin": "http://127.0.0.1", "is_logged_in": True, "email": email}
    user |= {} if verified is None else {"email_verified": verified}
    token = generate_xsrf_token_string()
    signed = create_signed_value(secret, "_streamlit_user", json.dumps(user)).decode()
    return {"Cookie": f"_streamlit_xsrf={token}; _streamlit_user={signed}", "token": token}


@pytest.mark.parametrize("page", ["", *(screen.name for screen in PAGES)])
@pytest.mark.parametrize("query", ["", "model=digits&digit=3&class=2"])
def test_every_address_leads_to_the_gate_alone(locked: tuple[str, Path], page: str, query: str):
    base, audit = locked
    with visit(base) as visitor:
        visitor.open(page, query)
        assert buttons(visitor) == ["Log in"]
        assert words(visitor) <= {"heading", "markdown", "button", "html"}
        assert not list(visitor.components(""))
    assert not audit.exists()


@pytest.mark.parametrize(
    ("email", "verified", "secret"),
    [
        ("anna@elsewhere.example", True, SECRET),
        ("anna@clinic.example.evil.example", True, SECRET),
        ("anna@clinic.example", False, SECRET),
        ("anna@clinic.example", "false", SECRET),
        ("anna@clinic.example", None, SECRET),
        ("anna@clinic.example", True, "another secret than the server's, just as long"),
    ],
)
def test_others_stay_outside(locked: tuple[str, Path], email: str, verified: object, secret: str):
    base, audit = locked
    told = cookies(email, verified, secret)
    with visit(base, Origin="http://127.0.0.1", Host="127.0.0.1", **told) as visitor:
        visitor.open()
        assert buttons(visitor) == (["Log out"] if secret == SECRET else ["Log in"])
        assert not list(visitor.components(""))
    assert not audit.exists()


@pytest.mark.parametrize(
    "forged",
    [
        '{"origin": "http://127.0.0.1", "is_logged_in": true, "email": "anna@clinic.example", "email_verified": true}',
        create_signed_value("", "_streamlit_user", '{"is_logged_in": true}').decode(),
        create_signed_value(SECRET, "_streamlit_xsrf", '{"is_logged_in": true}').decode(),  # signed for another use
        "null",
        "%00",
        "x" * 4000,
    ],
    ids=["not signed", "another secret", "another use", "null", "null byte", "4000 bytes"],  # signatures hold the time
)
def test_a_cookie_that_was_not_signed_for_this_opens_nothing(locked: tuple[str, Path], forged: str):
    base, _ = locked
    token = generate_xsrf_token_string()
    told = {"Cookie": f"_streamlit_xsrf={token}; _streamlit_user={quote(forged)}", "token": token}
    with visit(base, Origin="http://127.0.0.1", Host="127.0.0.1", **told) as visitor:
        visitor.open()
        assert buttons(visitor) == ["Log in"]


@pytest.mark.parametrize(
    "path", ["slices/word/0", "media/word.png", "_stcore/agent/interact", "_stcore/metrics/../media"]
)
def test_beside_the_gate_no_address_gives_anything(locked: tuple[str, Path], ask: Ask, path: str):
    assert ask(f"{locked[0]}/{path}")[0] in (400, 403, 404, 405)


def test_who_is_invited_enters_and_the_audit_names_neither_them_nor_the_picture(locked: tuple[str, Path]):
    base, audit = locked
    told = cookies("Anna@clinic.example")
    with visit(base, Origin="http://127.0.0.1", Host="127.0.0.1", **told) as visitor:
        visitor.open()
        assert list(visitor.components("viewer"))
        assert "Log out" in buttons(visitor)
        component, data = visitor.choices("The five most probable classes")
        visitor.trigger(component, "choose", data["items"][1]["id"])
        session = visitor.session
    (line,) = audit.read_text().splitlines()  # another class is no other prediction
    said = json.loads(line)
    assert said.keys() == {"time", "event", "visit", "picture", "model", "weights", "class", "probability"}
    assert (said["event"], said["model"], str(said["class"])) == ("prediction", "imagenet", data["items"][0]["id"])
    assert not any(word in line.lower() for word in ("anna", "clinic", "coffee", "127.0.0.1", session.lower()))


def test_a_login_that_is_required_but_not_configured_opens_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(st, "user", {})
    for name in ("SIGHTLINE_REQUIRE_LOGIN", "SIGHTLINE_USERS"):
        monkeypatch.delenv(name, raising=False)
    assert not gate.is_shut()
    monkeypatch.setenv("SIGHTLINE_REQUIRE_LOGIN", "1")
    assert gate.is_shut()
    monkeypatch.setenv("SIGHTLINE_REQUIRE_LOGIN", "0")
    monkeypatch.setenv("SIGHTLINE_USERS", "*@clinic.example")  # naming who may enter shuts it for all others
    assert gate.is_shut()


@pytest.mark.parametrize(
    ("verified", "trusted", "enters"),
    [
        (True, "", True), ("true", "", True), (False, "", False), ("false", "", False), (None, "", False),
        (None, "1", True), (1, "", False), ("yes", "", False), ([True], "", False), ({"true": True}, "", False),
    ],
)  # fmt: skip
def test_an_address_counts_that_the_provider_calls_verified(
    monkeypatch: pytest.MonkeyPatch, verified: object, trusted: str, enters: bool
):
    user = {"is_logged_in": True, "email": "Ann@clinic.example", "email_verified": verified}
    monkeypatch.setattr(st, "user", {name: value for name, value in user.items() if value is not None})
    monkeypatch.setenv("SIGHTLINE_USERS", "*@clinic.example")
    monkeypatch.setenv("SIGHTLINE_TRUST_EMAIL", trusted)
    assert gate.is_shut() != enters


def test_an_audit_file_that_cannot_be_written_stops_nobody_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    from dashboard.core import audit_log as audit

    with caplog.at_level(logging.ERROR, "sightline.audit"):
        audit._write(str(tmp_path / "no" / "such" / "folder"), '{"event": "prediction"}')
    assert "cannot be written" in caplog.text
    assert '{"event": "prediction"}' in caplog.text
