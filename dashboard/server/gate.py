"""The gate: where login is configured, nothing is computed and no page exists for those who have not logged in.

Login is Streamlit's own OpenID Connect: the section `[auth]` of its secrets. docs/deploy.md shows one.
"""

from fnmatch import fnmatchcase

import streamlit as st

from dashboard.core import configuration


def is_shut() -> bool:
    """Whether this visitor may not enter; then `screen` is all there is for them."""
    return _reason() is not None


def screen() -> None:
    """The only page in front of the gate."""
    reason = _reason()
    st.header("Sightline", anchor=False)
    if reason == "unconfigured":
        st.error(
            "Login is required here, but not configured: the server's secrets have no section [auth]. Tell whoever "
            "runs the server.",
            icon=":material/lock:",
        )
    elif reason == "not invited":
        st.error("Your account has no access to this server. Tell whoever runs it.", icon=":material/lock:")
        st.button("Log out", on_click=st.logout)
    else:
        st.markdown("This server asks who you are before it opens.")
        st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")


def way_out() -> None:
    """The button of those who have logged in."""
    if st.user.get("is_logged_in"):
        st.sidebar.button("Log out", on_click=st.logout, type="tertiary", icon=":material/logout:")


def _reason() -> str | None:
    logged_in = st.user.get("is_logged_in")  # None: login is not configured
    if logged_in is None:
        return "unconfigured" if configuration.login_required() else None
    if not logged_in:
        return "not logged in"
    return None if _is_invited() else "not invited"


def _is_invited() -> bool:
    """Whether SIGHTLINE_USERS names the visitor's address, which the provider must call verified."""
    patterns = configuration.users()
    address = str(st.user.get("email") or "").lower()
    if not patterns:
        return True
    verified = str(st.user.get("email_verified")).lower() == "true" or configuration.trust_email()
    return verified and any(fnmatchcase(address, one) for one in patterns)
