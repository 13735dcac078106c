"""The folder of results is kept within its limit, while the server runs."""

import logging
import time
from threading import Thread

from dashboard.server.imports import ALONE

EVERY_S = 300.0
FIRST_S = 60.0  # the first visitors come before it

_log = logging.getLogger("sightline")


def start_tidying() -> None:
    """Look after the folder from now on, in a thread of its own."""
    Thread(target=_tidy, name="tidying", daemon=True).start()


def _tidy() -> None:
    time.sleep(FIRST_S)
    with ALONE:  # not at the top: the imports are the slow part
        from dashboard.core.cache_folder import keep_within_limit
    while True:
        try:
            keep_within_limit()
        except OSError as error:
            _log.warning("The folder of results could not be looked through: %s", error)
        time.sleep(EVERY_S)
