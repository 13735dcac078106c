"""One picture of a task with what was planted in it, and a method's map at every stage."""

import numpy as np
import streamlit as st
from scipy.ndimage import binary_dilation

from dashboard.bench.bench_chart import NAMES
from dashboard.core.session import StateKey
from dashboard.shared import cached
from dashboard.shared.components.viewer import DisplayImage, Tile, display_image_of, gallery
from xai_core.attribution.catalog import DEFAULT, find_method
from xai_core.evaluation.localisation import found
from xai_core.evaluation.planted.bench import maps_of, stages_of
from xai_core.evaluation.planted.network import CLASSES, TASKS, Case, Task, cases, planted_model
from xai_core.render.recipe import percent
from xai_core.render.scale import shown
from xai_core.types import Box

EXAMPLES = 12
_CASE = StateKey("bench_case", int)  # the number of the example
_ENLARGED = 4  # the pictures are small, and a frame of one pixel should be thin


def show(task: Task) -> None:
    """The picture with its planted region outlined, and the method's maps beside it."""
    offered = applicable(task)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            "Method",
            offered,
            index=offered.index(DEFAULT),
            format_func=lambda key: find_method(key).title,
            key="bench_method",
            persist_state="session",
            width=260,
        )
        number = _CASE.get()
        st.button(
            "Another picture",
            icon=":material/arrow_forward:",
            on_click=lambda: _CASE.set((number + 1) % EXAMPLES),
        )
    case = _cases(task)[number]
    name = CLASSES[TASKS[task]][case.label]
    left, right = st.columns([1, 3], gap="medium")
    with left:
        alt = f"The picture; what was planted for {name} is outlined"
        st.image(_outlined(case), output_format="PNG", width="stretch", alt=alt)
        st.caption(f"Asked for: **{name}**. The frame shows what was planted.")
    with right:
        tiles, told = _maps(task, number, key)
        gallery(_image(case), tiles, "", key="bench_example")
        st.caption(told)


def _maps(task: Task, number: int, key: str) -> tuple[list[Tile], str]:
    """A tile a stage, and in words where each map's evidence lies."""
    method, case = find_method(key), _cases(task)[number]
    tiles, told = [], []
    for stage in stages_of(task, method):
        (values,) = maps_of(task, [case], method, stage)
        _, _, top = shown(values, "for", pixels=method.target == "pixel")
        title = f"{NAMES[stage]} · {stage}" if stage else NAMES[stage]
        tiles.append(Tile(title, values, top))
        told.append(f"{NAMES[stage]} {percent(found(values, case.region).energy)}")
    return tiles, f"Evidence in the frame: {', '.join(told)}. A blind guess has {percent(float(case.region.mean()))}."


def applicable(task: Task) -> list[str]:
    """The keys of methods that have a meaning in the task's network."""
    model = planted_model(TASKS[task])
    return [key for key, reason in cached.methods(model).items() if reason is None]


@st.cache_resource(max_entries=4, show_spinner="Making the pictures …")
def _cases(task: Task) -> list[Case]:
    return cases(task, EXAMPLES, seed=4000)


def _image(case: Case) -> DisplayImage:
    height, width = case.region.shape
    large = case.pixels.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)
    return DisplayImage(
        display_image_of(large, Box(0, 0, 1, 1), "").data, (height, width), Box(0, 0, width, height), "planted"
    )


def _outlined(case: Case) -> np.ndarray:
    """The picture enlarged, a light line in a dark one around the planted region: uint8 (4 h, 4 w, 3)."""
    pixels = case.pixels.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)
    region = case.region.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)
    pixels[binary_dilation(region, iterations=5) & ~region] = 0
    pixels[binary_dilation(region, iterations=3) & ~region] = 255
    return pixels
