"""What a visitor chooses from: picture, model, class and layer."""

import streamlit as st

import xai_core as xai
from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey, WidgetKey, widget_value
from dashboard.shared import cached, own_models
from dashboard.shared.components.choices import Choice, choices
from dashboard.shared.method_controls import choice, follow, store
from xai_core.errors import SightlineError
from xai_core.images import SAMPLES
from xai_core.models.class_names import short_name
from xai_core.models.download import is_on_disk
from xai_core.render.recipe import said
from xai_core.types import LayerInfo, LoadedModel, ModelConfig, Prediction, SourceImage

ALL_LAYERS = WidgetKey("all_layers", False)
_UPLOAD_FAILURES = StateKey[list[str]]("upload_failures", list)
_UPLOAD_TURN = StateKey("upload_turn", int)


def image_control() -> SourceImage:
    """The tray of pictures and the upload; gives the chosen picture."""
    st.markdown("**Picture**")
    chosen = state.selection().image
    own = state.uploads()
    tray = [Choice(f"upload:{d}", i.name, image=cached.thumb(i), hint=i.name) for d, i in reversed(own.items())]
    thumbs = cached.sample_thumbs()
    tray += [
        Choice(f"sample:{s.key}", s.key.capitalize(), image=thumbs[s.key], hint=f"{s.title} ({s.credit})")
        for s in SAMPLES
    ]
    if chosen.startswith("digit:"):
        digit = image_of(chosen)
        tray.insert(0, Choice(chosen, "Digit", image=cached.thumb(digit), hint="Handwritten digit"))
    choices(
        tray,
        selected=chosen,
        label="Pictures",
        look="tiles",
        key="picture_tray",
        on_choose=_choose_image,
    )
    _upload_control()
    return image_of(state.selection().image)


def _choose_image(id: str) -> None:
    state.choose(image=id)
    _UPLOAD_FAILURES.set([])


def image_of(image: str) -> SourceImage:
    """The picture that a choice names; the first sample where it is gone."""
    kind, _, name = image.partition(":")
    if kind == "upload" and name in state.uploads():
        return state.uploads()[name]
    if kind == "digit":
        return cached.bundled_set("digits").load(int(name))
    return cached.sample(name if kind == "sample" else SAMPLES[0].key)


def image_titles() -> dict[str, str]:
    """All pictures that can be chosen, by what a choice calls them."""
    own = {f"upload:{digest}": image.name for digest, image in state.uploads().items()}
    return own | {f"sample:{sample.key}": sample.title for sample in SAMPLES}


def _upload_control() -> None:
    """Take files in, keep what can be read, and say of each of the others why it cannot."""
    key = f"upload_{_UPLOAD_TURN.get()}"
    st.file_uploader(
        "Your own pictures",
        type=["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"],
        accept_multiple_files=True,
        max_upload_size=50,
        key=key,
        on_change=lambda: _take_in(key),
        help="PNG, JPEG, WebP, TIFF, BMP or GIF, up to 50 MB each. They stay on this server and in this visit.",
    )
    if state.image_lost():
        st.info("Own pictures last as long as the visit, and a link does not hold them: please upload it again.")
    for sentence in _UPLOAD_FAILURES.get():
        st.error(in_prose(sentence), icon=":material/error:")
    if state.uploads():
        st.button("Remove my pictures", on_click=state.forget_uploads, type="tertiary", icon=":material/delete:")


def _take_in(key: str) -> None:
    failures = []
    for file in widget_value(key) or ():
        try:
            with foreign_refused():
                state.add_upload(xai.load_image(file.getvalue(), name=file.name))
        except SightlineError as error:
            failures.append(str(error))
    _UPLOAD_FAILURES.set(failures)
    _UPLOAD_TURN.set(_UPLOAD_TURN.get() + 1)  # an empty uploader again: what was read is in the tray


def model_control(label: str = "Model") -> None:
    configs = own_models.offered()
    if state.selection().model not in configs:
        st.warning(own_models.unknown_in_words(state.selection().model), icon=":material/info:")
        state.choose(model=state.Selection().model)
    choice(label, "model", list(configs), lambda key: model_title(configs[key]))


def model_title(config: ModelConfig) -> str:
    if config.download is None:
        return f"{config.title} · {own_models.whose(config)}"
    if is_on_disk(config.download):
        return f"{config.title} · on this machine"
    return f"{config.title} · {config.download.size_bytes / 1e6:.0f} MB download"


def class_control(prediction: Prediction) -> int:
    """The five best classes as bars and a list of all; gives the class to explain. A single measure is no choice."""
    if len(prediction.class_names) == 1:
        return 0
    answer = prediction.answer
    st.markdown("**Class**" if answer.probable else "**Measure**")
    wanted = state.selection().class_index
    best = prediction.top(5)
    if wanted is not None and wanted >= len(prediction.class_names):
        st.warning(f"This model has no class {wanted}; its best class is shown instead.", icon=":material/info:")
        state.choose(class_index=None)
        wanted = None
    index = best[0].index if wanted is None else wanted
    choices(
        [
            Choice(
                str(c.index),
                short_name(c.name),
                said(c, answer),
                c.probability if answer.probable else 0.0,
                hint=c.name,
            )
            for c in best
        ],
        selected=str(index),
        label="The five most probable classes" if answer.probable else "What the network measures",
        look="bars",
        key="class_bars",
        on_choose=lambda id: state.choose(class_index=int(id)),
    )
    st.selectbox(
        "All classes" if answer.probable else "All measures",
        range(len(prediction.class_names)),
        format_func=lambda i: prediction.class_names[i],
        key=follow("class_index", index),
        on_change=store("class_index"),
        help="Type to search. Any of them can be explained, not only the first.",
    )
    return index


def layer_control(model: LoadedModel, layers: tuple[LayerInfo, ...], *, read: bool = True) -> str:
    """The layers that make sense for a class map, or every convolution; gives the layer's name.

    read: whether the chosen method reads a layer; otherwise the choice waits, greyed.
    """
    every = ALL_LAYERS.get()
    wanted = state.selection().layer
    suggested = next(layer.name for layer in layers if layer.suggested)
    by_name = {layer.name: layer for layer in layers}
    if wanted is not None and wanted not in by_name:
        st.warning(
            in_prose(f"{model.config.title} has no layer “{wanted[:80]}”; the suggested one is shown."),
            icon=":material/info:",
        )
        state.choose(layer=None)
        wanted = None
    name = wanted or suggested
    listed = [layer.name for layer in layers if every or layer.main or layer.name == name]
    st.selectbox(
        "Layer" if read else "Layer · this method reads none",
        listed,
        format_func=lambda n: layer_title(by_name[n]),
        key=follow("layer", name),
        on_change=store("layer"),
        disabled=not read,
    )
    st.toggle("List all convolutions", key=ALL_LAYERS.name, persist_state="session", disabled=not read)
    return name


def layer_title(layer: LayerInfo) -> str:
    mark = " · suggested" if layer.suggested else ""
    return f"{layer.name} · {layer.grid[0]} × {layer.grid[1]}{mark}"
