"""What whoever runs the server has set: in its environment, or behind the command's `--`. docs/deploy.md lists it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

MB = 1024**2
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
_MEMORY_MB = {"MODEL": 2048, "OWN_MODEL": 4096, "TRACE": 1024, "RESULT": 1024, "MAP": 512}


def memory(what: str) -> int:
    """Bytes that the server keeps at most of "MODEL"s, of visitors' own models ("OWN_MODEL"), of passes for quick
    answers ("TRACE"), of "MAP"s and their checks, or of "RESULT"s of background work: SIGHTLINE_<what>_MEMORY_MB.
    ValueError: no number."""
    name = f"SIGHTLINE_{what}_MEMORY_MB"
    text = os.environ.get(name, "").strip() or str(_MEMORY_MB[what])
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**8):
        raise ValueError(f'{name} is "{text[:40]}"; give a whole number of megabytes above 0, or leave it out.')
    return int(text) * MB


def read_only() -> bool:
    """SIGHTLINE_READ_ONLY: visitors write nothing here; they name no folder, save no model and start no download."""
    return _switch("SIGHTLINE_READ_ONLY")


def login_required() -> bool:
    """SIGHTLINE_REQUIRE_LOGIN: nobody enters where login is not configured, so that a lost file of secrets opens
    nothing."""
    return _switch("SIGHTLINE_REQUIRE_LOGIN")


def users() -> tuple[str, ...]:
    """SIGHTLINE_USERS: the e-mail addresses, or patterns of them like *@example.org, that may enter; empty for all who
    can log in."""
    return tuple(part.strip().lower() for part in os.environ.get("SIGHTLINE_USERS", "").split(",") if part.strip())


def audit_file() -> str:
    """SIGHTLINE_AUDIT: the file that gets a line for each prediction; "-" for the server's log, "" for none."""
    return os.environ.get("SIGHTLINE_AUDIT", "").strip()


def at_start(arguments: Sequence[str]) -> None:
    """Take in the command's own arguments, the script first, and look at all settings before anybody waits for an
    answer. SystemExit: with one sentence, where one makes no sense."""
    if Path(arguments[0]).name == "streamlit_app.py":  # under another launcher they are not ours
        options = _parser().parse_args(arguments[1:])
        if options.models is not None:
            if not options.models.is_dir():
                raise SystemExit(
                    f'--models: there is no folder "{options.models}"; name the one that holds the models.'
                )
            os.environ["SIGHTLINE_MODELS"] = str(options.models.resolve())
    try:
        check()
    except ValueError as error:
        raise SystemExit(str(error)) from None


def check() -> None:
    """ValueError: a setting makes no sense."""
    for what in _MEMORY_MB:
        memory(what)
    read_only()
    login_required()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="streamlit run streamlit_app.py --")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of your own models, offered to everybody")
    return parser


def _switch(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise ValueError(f'{name} is "{text[:40]}"; give 1 for yes or 0 for no, or leave it out.')
    return text in _TRUE
