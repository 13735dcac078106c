"""Sightline, installed: the command `sightline`, and the dashboard on a network of yours from a notebook or a script.

import sightline
sightline.serve(network, images="pictures/", class_names=["cat", "dog"])
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashboard import serve

__all__ = ["HOME", "__version__", "serve"]

__version__ = "0.2.0"

_PACKAGE = Path(__file__).resolve().parent
# The folder of streamlit_app.py, dashboard/ and pages/: in a wheel they lie in this package, in a clone beside it.
HOME = _PACKAGE if (_PACKAGE / "streamlit_app.py").is_file() else _PACKAGE.parent


def __getattr__(name: str) -> Any:
    """`serve`, looked up when it is asked for: most who import this package, such as the command, do without it."""
    if name != "serve":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    sys.path.insert(0, str(HOME))  # `dashboard` is too general a name to stand in everybody's site-packages
    try:
        from dashboard import serve
    finally:
        sys.path.remove(str(HOME))
    return serve
