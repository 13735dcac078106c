"""Registers a component from the .html, .css and .js files that lie beside this one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent

# Both components are one ES module each; the files share its scope, so their order is free but for `const`s.
SHARED = ("payload", "settings", "interpolate", "blend", "scene", "words")


def read(folder: str, names: tuple[str, ...]) -> str:
    return "\n".join((HERE / folder / name).read_text("utf-8") for name in names)


def register(name: str, html: str, scripts: tuple[str, ...]) -> ComponentRenderer:
    """A component with the shared script files and its own; the last one holds the `export default`."""
    return st.components.v2.component(
        f"sightline_{name}",
        html=html,
        css=read("css", ("shared.css", f"{name}.css")),
        js=read("js", tuple(f"{script}.js" for script in (*SHARED, *scripts))),
    )
