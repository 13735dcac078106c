"""Registers a component from the .html, .css and .js files that lie beside this one.

A component is one ES module, as Streamlit wants it. Its file and all that it imports are joined here, without their
imports, exports and types: they share one scope, so that a name may stand only once among them.
"""

import re
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)"\n', re.MULTILINE)
_TYPES = re.compile(r"^ */\*\*(?:[^*]|\*(?!/))*\*/\n", re.MULTILINE)  # for the checks, of no use to a browser
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def read(folder: str, names: tuple[str, ...]) -> str:
    return "\n".join((HERE / folder / name).read_text("utf-8") for name in names)


def imported(script: Path) -> list[Path]:
    """The script and all that it imports, each once and before those that import it."""
    found: dict[Path, None] = {}
    for name in _IMPORT.findall(script.read_text("utf-8")):
        found |= dict.fromkeys(imported((script.parent / name).resolve()))
    return [*found, script]


def joined(*scripts: Path) -> str:
    """The scripts with all that they import, as one."""
    files = dict.fromkeys(file for script in scripts for file in imported(script))
    return "\n".join(_TYPES.sub("", _EXPORT.sub("", _IMPORT.sub("", file.read_text("utf-8")))) for file in files)


def register(name: str, *, styles: tuple[str, ...] = (), parts: tuple[str, ...] = ()) -> ComponentRenderer:
    """The component of html/<name>.html, js/<name>.js and css/<name>.css, with the shared style files and its own.

    parts: html files that take the place of their {name} in it.
    """
    page = read("html", (f"{name}.html",)).format(**{part: read("html", (f"{part}.html",)) for part in parts})
    return st.components.v2.component(
        f"sightline_{name}",
        html=page,
        css=read("css", tuple(f"{style}.css" for style in ("shared", *styles, name))),
        js=joined(HERE / "js" / f"{name}.js"),
    )


def beside(script: Path, html: str) -> ComponentRenderer:
    """The component of a script and of the style file of the same name beside it."""
    css = script.with_suffix(".css").read_text("utf-8")
    return st.components.v2.component(f"sightline_{script.stem}", html=html, css=css, js=joined(script))
