"""What whoever runs the server has set in its environment. docs/deploy.md lists it."""

from __future__ import annotations

import os

from xai_core.errors import SightlineError

MB = 1024**2
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
_MEMORY_MB = {"MODEL": 2048, "OWN_MODEL": 4096, "TRACE": 1024, "RESULT": 1024}


def memory(what: str) -> int:
    """Bytes that the server keeps at most of "MODEL"s, of visitors' own models ("OWN_MODEL"), of passes for quick
    answers ("TRACE"), or of "RESULT"s of background work: SIGHTLINE_<what>_MEMORY_MB. SightlineError: no number."""
    name = f"SIGHTLINE_{what}_MEMORY_MB"
    text = os.environ.get(name, "").strip() or str(_MEMORY_MB[what])
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**8):
        raise SightlineError(f'{name} is "{text[:40]}"; give a whole number of megabytes above 0, or leave it out.')
    return int(text) * MB


def read_only() -> bool:
    """SIGHTLINE_READ_ONLY: visitors write nothing here; they name no folder, save no model and start no download."""
    return _switch("SIGHTLINE_READ_ONLY")


def audit_file() -> str:
    """SIGHTLINE_AUDIT: the file that gets a line for each prediction; "-" for the server's log, "" for none."""
    return os.environ.get("SIGHTLINE_AUDIT", "").strip()


def check() -> None:
    """SightlineError: a setting makes no sense. For the start of the server, before anybody waits for an answer."""
    for what in _MEMORY_MB:
        memory(what)
    read_only()


def _switch(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise SightlineError(f'{name} is "{text[:40]}"; give 1 for yes or 0 for no, or leave it out.')
    return text in _TRUE
