"""The parts of the Explain page, from top to bottom."""

import numpy as np
import streamlit as st

from dashboard.core import state
from dashboard.core.plain_text import class_in_prose, in_prose, share_first
from dashboard.shared import cached
from dashboard.shared.components.viewer import Click, GalleryOptions, Tile, gallery, viewer
from dashboard.shared.drawing import Look, draw, tile_of_result
from dashboard.shared.one_of import one_of
from xai_core.attribution.catalog import find_method
from xai_core.attribution.catalog import how_to_read as reading_of
from xai_core.attribution.explain import ImageForwardPass
from xai_core.attribution.method import Method
from xai_core.models.catalog import load_expression
from xai_core.models.preprocess import model_view
from xai_core.render.place import sample_at
from xai_core.render.recipe import as_npz, as_python, measure, percent
from xai_core.render.scale import shown
from xai_core.types import Explanation, LayerInfo, ModelConfig, Prediction, SourceImage

UNSURE_BELOW = 0.5
HEADLINES = {"for": "Evidence for", "against": "Evidence against", "both": "Evidence for and against"}
SHOWN = {"for": "what speaks for", "against": "what speaks against", "both": "what speaks for and against"}


def headline(prediction: Prediction, class_index: int) -> None:
    """What the model sees, what is being explained, and a word of caution where it is unsure."""
    if not prediction.answer.probable:
        _measured(prediction, class_index)
        return
    best, chosen = prediction.top(1)[0], prediction.of(class_index)
    name, shows = class_in_prose(chosen.name), _what_is_shown(prediction, class_index)
    if chosen.index == best.index:
        st.header(f"The model sees: {name}", anchor=False)
        says = f"{share_first(best.probability)} probable. {shows}"
    else:
        st.header(f"{HEADLINES[state.selection().evidence]}: {name}", anchor=False)
        says = (
            f"{share_first(chosen.probability)} probable; the model sees rather {class_in_prose(best.name)} "
            f"({percent(best.probability)}). {shows}"
        )
    if prediction.answer.kind == "several":
        says += " Each class has its own probability, for itself: they need not sum to 100 %."
    unsure = f" :orange-badge[:material/info: unsure: no class reaches {percent(UNSURE_BELOW)}, read the map with care]"
    st.markdown(says + (unsure if best.probability < UNSURE_BELOW and prediction.answer.kind == "one" else ""))


def _measured(prediction: Prediction, index: int) -> None:
    """The number that the model gives, and what the map shows of it."""
    chosen, evidence = prediction.of(index), state.selection().evidence
    name, value = class_in_prose(chosen.name), in_prose(measure(chosen.score, prediction.answer))
    if prediction.answer.kind == "likeness":
        st.header(f"Likeness to {name}: {value}", anchor=False)
        alike = {"for": "alike", "against": "unlike", "both": "alike and unlike"}[evidence]
        st.markdown(f"1 is the same direction, 0 unrelated, −1 the opposite. The map shows what makes it {alike}.")
        return
    st.header(f"{name}: {value}", anchor=False)
    pushes = {"for": "what pushes it up", "against": "what pushes it down", "both": "what pushes it up and down"}
    st.markdown(f"The model measures. The map shows {pushes[evidence]}.")


def _what_is_shown(prediction: Prediction, class_index: int) -> str:
    """The question in words: which evidence, rather than which class, or that the class does not count."""
    chosen = state.selection()
    if not find_method(chosen.method).class_sensitive:
        return "This method hardly depends on the class."
    rival = chosen.contrast_class
    if rival is None or rival == class_index or rival >= len(prediction.class_names):
        return f"The map shows {SHOWN[chosen.evidence]} it."
    return f"The map shows {SHOWN[chosen.evidence]} it rather than {class_in_prose(prediction.class_names[rival])}."


def heat_map(image: SourceImage, result: Explanation, layer: str) -> None:
    """The viewer with its recipe line, and the ways to take the result along."""
    clicked = draw(image, result, layer, state.selection().evidence, Look("explain_viewer"))
    method = find_method(result.method)
    if method.caveat:
        st.caption(f":material/info: {method.caveat}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Raw maps (NPZ)",
            lambda: as_npz(result),
            "sightline-maps.npz",
            icon=":material/data_array:",
            on_click="ignore",
            help="The signed maps of every listed layer at their native size, with the recipe.",
        )
        with st.popover("Copy as Python", icon=":material/code:"):
            st.code(
                as_python(result, layer, _model_expression(result), _image_expression(), state.selection().evidence),
                language="python",
            )
        with st.popover("Link", icon=":material/link:"):
            _link()
    if clicked is not None:
        _point(clicked, result)


def _model_expression(result: Explanation) -> str:
    """Of a likeness, with the other picture, which only its owner can name."""
    model = load_expression(result.model_key.partition("~")[0])
    alone = result.answer.kind != "likeness"
    return model if alone else f'xai.similar_to({model}, [xai.load_image("the-other-picture.png")])'


def _image_expression() -> str:
    kind, _, name = state.selection().image.partition(":")
    if kind == "upload":
        return 'xai.load_image("your-picture.png")'
    return f'xai.load_sample("{name}")' if kind == "sample" else f'xai.open_dataset("digits").load({name})'


def _link() -> None:
    st.markdown("This link opens the same model, class, layer and method.")
    if state.selection().image.startswith("upload:"):
        st.caption("Your own picture is not part of it: it stays in your visit.")
    st.code(state.link(), language=None, wrap_lines=True)


def _point(at: Click, result: Explanation) -> None:
    """What every listed layer says about the place that was clicked."""
    st.markdown(f"**At x {at.x:.0f}, y {at.y:.0f} px**")
    if at.row is None:
        st.caption("The model did not see this part of the picture.")
        return
    box = result.box
    row = (at.y - box.top) / (box.bottom - box.top)
    column = (at.x - box.left) / (box.right - box.left)
    rows = []
    for name, maps in result.maps.items():
        height, width = maps[0].shape
        value = float(sample_at(maps[0], np.array([row * height]), np.array([column * width]))[0, 0])
        top = float(np.abs(maps[0]).max())
        rows.append(
            {"Layer": name, "Evidence here": value, "Share of the layer's strongest": 100 * value / top if top else 0}
        )
    st.dataframe(
        rows,
        hide_index=True,
        width="content",
        column_config={
            "Evidence here": st.column_config.NumberColumn(format="%.3g"),
            "Share of the layer's strongest": st.column_config.NumberColumn(format="%.1f %%"),
        },
        alt="Evidence at the chosen point, layer by layer",
    )


def how_to_read(result: Explanation, layer: str) -> None:
    st.caption(f"How to read it: {reading_of(result, layer, state.selection().evidence)}")


def layer_gallery(image: SourceImage, result: Explanation, layers: tuple[LayerInfo, ...], layer: str) -> None:
    """The same class through the network's stages; a click chooses the layer. Left out where one layer has a map."""
    if layer not in result.maps or len(result.maps) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("Through the network", anchor=False, width="content")
        scales = {True: "One scale for all", False: "Each its own"}
        together = one_of("Colour scale of the tiles", scales, False, "gallery_scale", bare=True)
    stages = [info.name for info in layers if info.name in result.maps and (info.stage_end or info.name == layer)]
    evidence = state.selection().evidence
    drawn = {name: shown(result.maps[name][0], evidence) for name in stages}
    top = max(high for _, _, high in drawn.values())
    tiles = [Tile(name, values, top if together else high) for name, (values, _, high) in drawn.items()]
    gallery(
        tile_of_result(image, result),
        tiles,
        layer,
        GalleryOptions(settings_of="explain_viewer", signed=evidence == "both"),
        key="layer_gallery",
        on_choose=lambda name: state.choose(layer=name),
    )


def what_the_model_saw(image_pass: ImageForwardPass) -> None:
    """The very input of the network, and what was done to the picture before."""
    config, image = image_pass.model.config, image_pass.image
    for note in image.notes:
        st.caption(f":material/info: {in_prose(note)}")
    box = st.expander("What the model saw", key="model_view", on_change="rerun")
    if not box.open:
        return
    left, right = box.columns([1, 2])
    left.image(model_view(config, image_pass.given), output_format="PNG", width="stretch", alt="The model's input")
    right.markdown(f"The picture has {image.size[1]} × {image.size[0]} pixels. {_resizing(config)}")
    for note in config.notes:
        right.caption(in_prose(note))


def _resizing(config: ModelConfig) -> str:
    height, width = config.input_size
    if config.resize.head_side is not None:
        return (
            f"It was cropped to the head, brought to {config.resize.head_side} × {config.resize.head_side} pixels, and "
            "its grey levels were stretched; all around the head is black. The frame in the viewer marks the crop."
        )
    side, how = config.resize.shorter_side, config.resize.interpolation
    if side is not None:
        done = {
            "crop": f"The shorter side was scaled to {side} pixels ({how})",
            "stretch": f"The whole picture was stretched to {side} pixels a side ({how})",
            "pad": f"The longer side was scaled to {side} pixels ({how}), the rest filled with the mean colour",
        }[config.resize.fit]
        return f"{done}, then the centre of {width} × {height} was cut out; the frame in the viewer marks it."
    return f"The whole picture was stretched to {width} × {height} pixels ({config.resize.interpolation})."


def not_here(method: Method, image_pass: ImageForwardPass, image: SourceImage) -> None:
    """The method has no meaning at the chosen layer: say where it has one, and show the bare picture meanwhile."""
    for layer in method.defined_at(image_pass.model.module, image_pass.forward_pass):
        title = f"Go to layer {in_prose(layer)}"
        st.button(title, on_click=lambda layer=layer: state.choose(layer=layer), type="primary")
    viewer(cached.image(image, image_pass.given.box), None, key="explain_viewer")
