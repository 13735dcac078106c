"""The other side of `dashboard.serve`: the process that was started on somebody's network gives it to each visitor."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.core.session import StateKey
from dashboard.server.serving import FAILED, HANDED_OVER, READY, VARIABLE

if TYPE_CHECKING:
    from dashboard.server.handing_over import Given

_HANDED_ON = StateKey("served", bool)


def was_started() -> bool:
    """Whether this process was started by `dashboard.serve`."""
    return VARIABLE in os.environ


def take_in() -> None:
    """Open the parcel, which is then gone, and say that it worked, or why not; end with the process that sent it."""
    Thread(target=_end_with_the_sender, name="end-with-the-sender", daemon=True).start()
    folder = Path(os.environ[VARIABLE])
    try:
        _given()
    except Exception as error:  # opening it runs the sender's code
        (folder / FAILED).write_text(f"The network cannot be opened in the dashboard's process: {error}", "utf-8")
        raise
    (folder / READY).touch()


def hand_on() -> None:
    """Let a new visit begin with the network and its pictures, unless the link names others."""
    if not was_started() or _HANDED_ON.get():
        return
    from dashboard.core import state  # not at the top: they import the library, torch with it
    from dashboard.shared import dataset_choice, own_models

    given = _given()
    _HANDED_ON.set(True)
    own_models.own()[given.model.config.key] = given.model
    state.uploads().update({image.digest: image for image in given.images})
    if given.dataset is not None:
        dataset_choice.offer(given.dataset)
    link = st.query_params
    if "model" not in link:
        state.choose(model=given.model.config.key)
    if given.images and not {"sample", "digit"} & set(link):
        state.choose(image=f"upload:{given.images[0].digest}")


@st.cache_resource(show_spinner=False, max_entries=1)
def _given() -> Given:
    from dashboard.server.handing_over import opened

    parcel = Path(os.environ[VARIABLE]) / HANDED_OVER
    try:
        return opened(parcel.read_bytes())
    finally:
        parcel.unlink(missing_ok=True)


def _end_with_the_sender() -> None:
    sys.stdin.buffer.read()  # ends when the sender does, however it ends
    shutil.rmtree(os.environ[VARIABLE], ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)
