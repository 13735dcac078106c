"""How the app says that something did not work: one sentence, never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.core.foreign_code import foreign_refusal
from dashboard.core.plain_text import in_prose
from xai_core.errors import SightlineError

_log = logging.getLogger("sightline")
_OURS = (
    "Something went wrong on our side; your pictures and choices are kept. Reload the page or choose another model or "
    "picture."
)


@contextmanager
def in_words(except_for: type[SightlineError] | tuple[()] = ()) -> Iterator[None]:
    """Show a refusal of the library, or of foreign code over what the visitor brought, as its sentence and end this run
    of the page; controls above it stay usable.

    except_for: a refusal that the caller answers itself.
    """
    try:
        with foreign_refused():
            yield
    except except_for:
        raise
    except SightlineError as error:
        st.error(in_prose(str(error)), icon=":material/error:")
        st.stop()


@contextmanager
def foreign_refused() -> Iterator[None]:
    """Turn what foreign code raises over what the visitor brought into a SightlineError, and log it; our own pass."""
    try:
        yield
    except SightlineError:
        raise
    except Exception as error:  # foreign code raises what it likes
        refusal = foreign_refusal(error)
        if refusal is None:
            raise
        _log.exception("Foreign code failed", exc_info=error)
        raise SightlineError(refusal) from error


def unexpected(error: Exception) -> bool:
    """Say that something failed, log it for whoever runs the server, and tell Streamlit that it was said.

    A refusal that nobody showed is said as it is, what foreign code raised over what was brought in its sentence, and
    of the rest that it is our own mistake.
    """
    _log.exception("A page failed", exc_info=error)
    said = str(error) if isinstance(error, SightlineError) else foreign_refusal(error)
    st.error(in_prose(said) if said else _OURS, icon=":material/error:")
    return True
