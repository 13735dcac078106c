"""Who asks: each open tab of a browser is a visitor of its own, known by a name that means nothing elsewhere."""

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

NOBODY = ""


def visitor() -> str:
    """The visitor whose page is being drawn; NOBODY outside a run of a page."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else NOBODY


def is_here(visitor: str) -> bool:
    """Whether the visitor's tab is still open."""
    return visitor != NOBODY and (not runtime.exists() or runtime.get_instance().is_active_session(visitor))
