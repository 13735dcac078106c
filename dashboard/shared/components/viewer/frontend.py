"""Registers a component from the .html, .css and .js files that lie beside this one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent

# A component is one ES module; its files share one scope, so their order is free but for `const`s.
SHARED = ("mount", "payload", "settings", "link", "interpolate", "blend", "scene", "words")


def read(folder: str, names: tuple[str, ...]) -> str:
    return "\n".join((HERE / folder / name).read_text("utf-8") for name in names)


def register(
    name: str, *, scripts: tuple[str, ...], styles: tuple[str, ...] = (), parts: tuple[str, ...] = ()
) -> ComponentRenderer:
    """The component of html/<name>.html, with the shared script and style files and its own.

    scripts: the last one holds the `export default`. parts: html files that take the place of their {name} in it.
    """
    page = read("html", (f"{name}.html",)).format(**{part: read("html", (f"{part}.html",)) for part in parts})
    return st.components.v2.component(
        f"sightline_{name}",
        html=page,
        css=read("css", tuple(f"{style}.css" for style in ("shared", *styles, name))),
        js=read("js", tuple(f"{script}.js" for script in (*SHARED, *scripts))),
    )
