"""What whoever runs the server sets: read from the environment and the command, and nonsense refused at the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dashboard.core import configuration
from xai_core.models.sources.own_folder import VARIABLE


def test_budgets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    assert configuration.memory("MODEL") == 2048 * 2**20
    monkeypatch.setenv("SIGHTLINE_MODEL_MEMORY_MB", "512")
    assert configuration.memory("MODEL") == 512 * 2**20
    assert configuration.cache_limit() == 20 * 2**30
    monkeypatch.setenv("SIGHTLINE_CACHE_GB", "3")
    assert configuration.cache_limit() == 3 * 2**30


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIGHTLINE_TRACE_MEMORY_MB", "lots", 'is "lots"; give a whole number of megabytes above 0'),
        ("SIGHTLINE_MODEL_MEMORY_MB", "0", "give a whole number of megabytes above 0"),
        ("SIGHTLINE_RESULT_MEMORY_MB", "-5", "give a whole number of megabytes above 0"),
        ("SIGHTLINE_CACHE_GB", "0", "give a whole number of gigabytes above 0"),
        ("SIGHTLINE_CACHE_GB", "2.5", "give a whole number of gigabytes above 0"),
        ("SIGHTLINE_READ_ONLY", "perhaps", "give 1 for yes or 0 for no"),
        ("SIGHTLINE_TRUST_EMAIL", "perhaps", "give 1 for yes or 0 for no"),
        ("SIGHTLINE_MODELS", "/no/such/folder", "there is no folder"),
        ("SIGHTLINE_HUB", "hub.example.org", "an address that begins with https://, or off"),
        ("SIGHTLINE_CACHE", "/dev/null/cache", "nothing can be written in"),
        ("SIGHTLINE_CACHE", "/dev/null", "nothing can be written in"),
        ("SIGHTLINE_AUDIT", "/", "is no file that can be written"),
        ("SIGHTLINE_AUDIT", "/no/such/folder/audit", "is no file that can be written"),
        ("SIGHTLINE_USERS", " , ", "names nobody"),
        ("SIGHTLINE_USERS", "*@clinic.example; ann", "is no e-mail address"),
        ("SIGHTLINE_BRAIN_TUMOURS", "/no/such/folder", "where there is no folder; name the one that holds the copy"),
    ],
)
def test_nonsense_ends_the_start_with_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=said) as refusal:
        configuration.at_start(["streamlit_app.py"])
    assert str(refusal.value).startswith(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SIGHTLINE_READONLY", "SIGHTLINE_READ_ONLY"),
        ("SIGHTLINE_MODEL", "SIGHTLINE_MODELS"),
        ("SIGHTLINE_TRACE_MEMORY", "SIGHTLINE_TRACE_MEMORY_MB"),
        ("sightline_users", "SIGHTLINE_USERS"),
        ("SIGHTLINE_COLOUR", ""),
    ],
)
def test_a_name_that_is_none_of_ours_ends_the_start(monkeypatch: pytest.MonkeyPatch, name: str, meant: str):
    monkeypatch.setenv(name, "1")
    with pytest.raises(SystemExit, match=f"There is no setting {name}") as refusal:
        configuration.at_start(["streamlit_app.py"])
    assert meant in str(refusal.value)


def test_settings_that_make_sense_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    given = {"MODELS": tmp_path, "CACHE": tmp_path / "new" / "cache", "AUDIT": tmp_path / "audit.jsonl"}
    for name, value in (given | {"USERS": "*@clinic.example, guest@elsewhere.example", "READ_ONLY": "yes"}).items():
        monkeypatch.setenv(f"SIGHTLINE_{name}", str(value))
    configuration.at_start(["streamlit_app.py"])
    assert not (tmp_path / "new").exists()


def test_the_guide_to_running_it_lists_every_setting():
    told = (Path(__file__).resolve().parents[3] / "docs" / "deploy.md").read_text("utf-8")
    assert [name for name in configuration._NAMES if name != "SERVED" and f"SIGHTLINE_{name}" not in told] == []


def test_the_command_names_a_folder_of_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(VARIABLE, "elsewhere")
    configuration.at_start(["/app/streamlit_app.py", "--models", str(tmp_path)])
    assert os.environ[VARIABLE] == str(tmp_path)
    with pytest.raises(SystemExit, match="there is no folder"):
        configuration.at_start(["streamlit_app.py", "--models", str(tmp_path / "missing")])


def test_arguments_of_another_launcher_are_not_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    configuration.at_start(["/usr/bin/uvicorn", "streamlit_app:app", "--port", "80"])
    assert VARIABLE not in os.environ
