"""What whoever runs the server has set: in its environment, or behind the command's `--`. docs/deploy.md lists it."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

MB = 1024**2
GB = 1024**3
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
_MEMORY_MB = {"MODEL": 2048, "OWN_MODEL": 4096, "TRACE": 1024, "RESULT": 1024, "MAP": 512}
_ADDRESS = re.compile(r"[^\s;@]+@[^\s;@]+|\*")
_PREFIX = "SIGHTLINE_"
_CACHE_GB = 20
_NAMES = (
    *(
        "MODELS",
        "HUB",
        "CACHE",
        "CACHE_GB",
        "BRAIN_TUMOURS",
        "READ_ONLY",
        "REQUIRE_LOGIN",
        "USERS",
        "TRUST_EMAIL",
        "AUDIT",
    ),
    *(f"{what}_MEMORY_MB" for what in _MEMORY_MB),
    "SERVED",  # set by `sightline.serve` for the process that it starts
)


def memory(what: str) -> int:
    """Bytes that the server keeps at most of "MODEL"s, of visitors' own models ("OWN_MODEL"), of passes for quick
    answers ("TRACE"), of "MAP"s and their checks, or of "RESULT"s of background work: SIGHTLINE_<what>_MEMORY_MB.
    ValueError: no number."""
    return _whole_number(f"SIGHTLINE_{what}_MEMORY_MB", _MEMORY_MB[what], "megabytes") * MB


def cache_limit() -> int:
    """SIGHTLINE_CACHE_GB: bytes that the folder of results takes at most on the disk. ValueError: no number."""
    return _whole_number("SIGHTLINE_CACHE_GB", _CACHE_GB, "gigabytes") * GB


def _whole_number(name: str, usual: int, unit: str) -> int:
    text = os.environ.get(name, "").strip() or str(usual)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**8):
        raise ValueError(f'{name} is "{text[:40]}"; give a whole number of {unit} above 0, or leave it out.')
    return int(text)


def read_only() -> bool:
    """SIGHTLINE_READ_ONLY: visitors write nothing here; they name no folder, save no model and start no download."""
    return _switch("SIGHTLINE_READ_ONLY")


def login_required() -> bool:
    """SIGHTLINE_REQUIRE_LOGIN: nobody enters where login is not configured, so that a lost file of secrets opens
    nothing. SIGHTLINE_USERS, which names those who may, asks for the same."""
    return _switch("SIGHTLINE_REQUIRE_LOGIN") or bool(users())


def trust_email() -> bool:
    """SIGHTLINE_TRUST_EMAIL: the provider gives out verified addresses only, and does not say so."""
    return _switch("SIGHTLINE_TRUST_EMAIL")


def users() -> tuple[str, ...]:
    """SIGHTLINE_USERS: the e-mail addresses, or patterns of them like *@example.org, that may enter; empty for all who
    can log in."""
    return tuple(part.strip().lower() for part in os.environ.get("SIGHTLINE_USERS", "").split(",") if part.strip())


def audit_file() -> str:
    """SIGHTLINE_AUDIT: the file that gets a line for each prediction; "-" for the server's log, "" for none."""
    return os.environ.get("SIGHTLINE_AUDIT", "").strip()


def brain_tumours() -> Path | None:
    """SIGHTLINE_BRAIN_TUMOURS: the folder with a copy of Cheng's brain tumours, shown to everybody; None where not set.
    ValueError: there is no such folder."""
    text = os.environ.get("SIGHTLINE_BRAIN_TUMOURS", "").strip()
    if not text:
        return None
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise ValueError(
            f'SIGHTLINE_BRAIN_TUMOURS is "{text[:200]}", where there is no folder; name the one that holds the copy, '
            "or leave it out."
        )
    return folder


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
    """ValueError: a setting makes no sense, or a name that begins as ours do is none of ours."""
    for name in os.environ:
        if name.upper().startswith(_PREFIX) and name.removeprefix(_PREFIX) not in _NAMES:
            raise ValueError(f"There is no setting {name[:60]}{_meant(name)}; docs/deploy.md lists them all.")
    for what in _MEMORY_MB:
        memory(what)
    cache_limit()
    read_only()
    login_required()
    trust_email()
    brain_tumours()
    _check_users()
    _check_paths()
    _check_hub()


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name.upper(), [_PREFIX + one for one in _NAMES], 1)
    return f"; did you mean {near[0]}?" if near else ""


def _check_users() -> None:
    text = os.environ.get("SIGHTLINE_USERS")
    if text is not None and text.strip() and not users():
        raise ValueError(f'SIGHTLINE_USERS is "{text[:40]}", which names nobody; leave it out to let everybody in.')
    wrong = [one for one in users() if not _ADDRESS.fullmatch(one)]
    if wrong:
        raise ValueError(f'SIGHTLINE_USERS: "{wrong[0][:60]}" is no e-mail address, nor a pattern like *@example.org.')


def _check_hub() -> None:
    hub = os.environ.get("SIGHTLINE_HUB", "").strip()
    if hub and hub != "off" and not hub.startswith(("https://", "http://")):
        raise ValueError(f'SIGHTLINE_HUB is "{hub[:60]}"; give an address that begins with https://, or off.')


def _check_paths() -> None:
    """Folders and files that the server is to read and write."""
    models, cache, audit = (os.environ.get(f"SIGHTLINE_{name}", "").strip() for name in ("MODELS", "CACHE", "AUDIT"))
    if models and not Path(models).is_dir():
        raise ValueError(f'SIGHTLINE_MODELS: there is no folder "{models}"; name the one that holds the models.')
    if cache and not _could_write(Path(cache)):
        raise ValueError(f'SIGHTLINE_CACHE: nothing can be written in "{cache}"; name a folder in which it can.')
    file = Path(audit).expanduser()
    if audit and audit != "-" and (file.is_dir() or not (os.access(file if file.exists() else file.parent, os.W_OK))):
        raise ValueError(f'SIGHTLINE_AUDIT: "{audit}" is no file that can be written; name one, or - for the log.')


def _could_write(folder: Path) -> bool:
    """Whether the folder can be written, or made."""
    standing = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    return standing.is_dir() and os.access(standing, os.W_OK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="streamlit run streamlit_app.py --")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of your own models, offered to everybody")
    return parser


def _switch(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise ValueError(f'{name} is "{text[:40]}"; give 1 for yes or 0 for no, or leave it out.')
    return text in _TRUE
