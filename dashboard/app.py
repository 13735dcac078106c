"""The frame around every page: title, logo and navigation. A new page is one file in pages/ and one line in PAGES."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.server import garbage, gate, served
from dashboard.server.imports import import_for

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "dashboard" / "static"

# An item of our own keeps the menu, and with it the choice of light and dark, under toolbarMode "minimal".
ABOUT = """**Sightline** shows where an image classifier looks, what its units detect and how it organises pictures.
It runs on this machine: no picture leaves it. A map explains the model, not the patient; it is no diagnosis."""


@dataclass(frozen=True)
class Screen:
    """A page: its file pages/<name>.py, which is also its address /<name>, and how the navigation shows it.

    group: the menu that lists it; pages of one group stand together in PAGES.
    """

    name: str
    group: str
    title: str
    icon: str
    help: str


PAGES = (
    Screen("explain", "See", "Explain", "center_focus_strong", "Where the model looks, class by class."),
    Screen("compare", "See", "Compare", "compare", "Two methods, layers, classes, models or pictures side by side."),
    Screen("steps", "See", "Step by step", "steps", "Grad-CAM taken apart, with the numbers of your picture."),
    Screen("filters", "Inside", "Filters", "blur_linear", "What the first layer looks for, and what it answers."),
    Screen("units", "Inside", "Units", "grain", "One channel at one place: where it fires, what excites it."),
    Screen("models", "Inside", "Models", "deployed_code", "Open a network of your own; what is inside the chosen one."),
    Screen("map", "Data", "Map", "scatter_plot", "How the network organises pictures: maps, neighbours, suspects."),
    Screen("bench", "Data", "Bench", "rule", "Which method works, and how we know; an audit of many pictures."),
    Screen(
        "mri", "MRI", "Brain MRI", "radiology", "Four diagnoses of a slice side by side, and how far to trust them."
    ),
)


def main() -> None:
    """Draw the frame, then run the page that the address asks for."""
    garbage.collect_soon()
    st.set_page_config("Sightline", page_icon=STATIC / "mark.png", layout="wide", menu_items={"About": ABOUT})
    st.logo(STATIC / "logo.svg", icon_image=STATIC / "mark.svg", size="large")
    st.html(STATIC / "controls.css")
    if gate.is_shut():
        st.navigation(_shut(), position="hidden").run()
        return
    served.hand_on()
    page = st.navigation(_pages(), position="top")
    import_for(_script(page.url_path or PAGES[0].name))
    page.run()
    gate.way_out()


def _shut() -> list[StreamlitPage]:
    """The same addresses for those who have not logged in, all of them the gate's screen."""
    first, *others = PAGES
    shut = [st.Page(gate.screen, title="Sightline", url_path="start", default=True)]
    return shut + [st.Page(gate.screen, title="Sightline", url_path=screen.name) for screen in (first, *others)]


def _pages() -> dict[str, list[StreamlitPage]]:
    """The pages by group in the order of PAGES; the first is the start page, at "/", and its own name leads there."""
    first, *others = PAGES
    start = _page(first, default=True)
    # Streamlit serves its default page at "/" only: without this one, "/explain" would be unknown.
    named = st.Page(lambda: _go_to(start), title=first.title, url_path=first.name, visibility="hidden")
    groups = {first.group: [start, named]}
    for screen in others:
        groups.setdefault(screen.group, []).append(_page(screen))
    return groups


def _page(screen: Screen, *, default: bool = False) -> StreamlitPage:
    return st.Page(
        _script(screen.name),
        title=screen.title,
        icon=f":material/{screen.icon}:",
        url_path="start" if default else screen.name,
        default=default,
        help=screen.help,
    )


def _script(name: str) -> Path:
    return ROOT / "pages" / f"{name}.py"


def _go_to(page: StreamlitPage) -> None:
    st.switch_page(page, query_params={key: st.query_params.get_all(key) for key in st.query_params})


if __name__ == "__main__":
    main()
