"""How the app says that something did not work: one sentence, never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.core.plain_text import in_prose
from xai_core.errors import SightlineError

_log = logging.getLogger("sightline")


@contextmanager
def in_words(except_for: type[SightlineError] | tuple[()] = ()) -> Iterator[None]:
    """Show a refusal of the library as its sentence and end this run of the page; controls above it stay usable.

    except_for: a refusal that the caller answers itself.
    """
    try:
        yield
    except except_for:
        raise
    except SightlineError as error:
        st.error(in_prose(str(error)), icon=":material/error:")
        st.stop()


def unexpected(error: Exception) -> bool:
    """Say that an error of ours happened, log it for whoever runs the server, and tell Streamlit that it was shown."""
    _log.exception("A page failed", exc_info=error)
    st.error(
        "Something went wrong on our side; your pictures and choices are kept. Reload the page or choose another "
        "model or picture.",
        icon=":material/error:",
    )
    return True
