"""The form in which a visitor says what their network is fed and what its classes are called."""

from dataclasses import replace

import streamlit as st

from dashboard.core.plain_text import in_prose
from dashboard.core.session import StateKey
from dashboard.models.draft import Network, settle_by_card
from dashboard.shared.one_of import one_of
from xai_core.errors import ModelError
from xai_core.models.class_names import read_names
from xai_core.models.load import NO_YES
from xai_core.models.normalisation import Numbers, presets
from xai_core.models.sources.config_file import LARGEST_SIDE, SMALLEST_SIDE, read_config
from xai_core.types import Answer, AnswerKind, ChannelOrder, Fit, ModelConfig, ResizeRule

CUSTOM = "My own"
RULES = {
    "stretch": "Stretch the whole picture",
    "cut": "Scale, then cut out the centre",
    "squash": "Stretch, then cut out the centre",
    "pad": "Scale to fit, fill with the mean colour",
    "head": "Crop to the head (MRI)",
}
LABELS: dict[AnswerKind, str] = {
    "one": "one class",
    "several": "any number of them",
    "number": "measures",
    "embedding": "a place (embedding)",
}
SINGLE: dict[AnswerKind, str] = {"yes_no": "a yes or no", "number": "a measure"}
_FITS: dict[str, Fit] = {"cut": "crop", "squash": "stretch", "pad": "pad"}  # of those that scale to a side
HEAD_SIDE = 160
_READ = StateKey[dict[str, ModelConfig]]("card_read", dict)  # from files, by the network's key
_TURN = StateKey("card_turn", int)


def config_form(network: Network) -> ModelConfig:
    """Draw the form and give the card that it says; ModelError: something in it cannot be read."""
    start = _start(network)
    left, right = st.columns(2, gap="medium")
    with left:
        title = st.text_input("Title", start.title, key=_key(network, "title"), persist_state="session", max_chars=80)
        answer = _answer(network, start)
        text = _names_control(network, start, answer)
        _file_control(network)
    with right:
        size, rule = _geometry(network, start)
        mean, std = _normalisation(network, start)
    with st.expander("Channel order, licence, notes"):
        order = _order(network, start)
        licence = st.text_input("Licence", start.licence, key=_key(network, "licence"), persist_state="session")
        notes = st.text_area(
            "Notes, one a line", "\n".join(start.notes), key=_key(network, "notes"), persist_state="session"
        )
    return replace(
        start,
        title=title.strip() or start.title,
        class_names=read_names(text),
        input_size=size,
        resize=rule,
        mean=mean,
        std=std,
        channel_order=order,
        answer=answer,
        licence=licence,
        settled=network.built.model.config.settled,
        caution=network.built.model.config.caution,
        notes=tuple(line.strip() for line in notes.splitlines() if line.strip()),
    )


def _key(network: Network, field: str) -> str:
    """A card file or list of names that was read begins the form anew."""
    return f"card_{network.key}_{_TURN.get()}_{field}"


def _start(network: Network) -> ModelConfig:
    """The makers' card, or what the visitor's files said instead."""
    return _READ.get().get(network.key, network.built.model.config)


def _file_control(network: Network) -> None:
    file = st.file_uploader(
        "Names or a whole card from a file",
        type=["txt", "json", "csv", "tsv", "yaml", "yml"],
        key=_key(network, "file"),
        help="Names: text, JSON or CSV. Card: the YAML that Download card gives.",
        max_upload_size=4,
    )
    if file is None:
        return
    try:
        text = file.getvalue().decode("utf-8-sig")
        if file.name.lower().endswith((".yaml", ".yml")):
            config = _fitting(network, read_config(text, network.built.model.config.key))
            settle_by_card(network, config)
        else:
            config = replace(_start(network), class_names=read_names(text))
    except UnicodeDecodeError:
        st.error("The file is no UTF-8 text; save it as UTF-8 and try again.", icon=":material/error:")
        return
    except ModelError as error:
        st.error(in_prose(str(error)), icon=":material/error:")
        return
    _READ.get()[network.key] = config
    _TURN.set(_TURN.get() + 1)
    st.rerun()


def _fitting(network: Network, config: ModelConfig) -> ModelConfig:
    if len(config.mean) != network.channels:
        raise ModelError(f"The card is for {len(config.mean)} channels; this network reads {network.channels}.")
    return replace(config, architecture=network.built.architecture, source=network.built.model.config.source)


def _geometry(network: Network, start: ModelConfig) -> tuple[tuple[int, int], ResizeRule]:
    scaled = next(rule for rule, fit in _FITS.items() if fit == start.resize.fit)
    first = "head" if start.resize.head_side else "stretch" if start.resize.shorter_side is None else scaled
    how = st.selectbox(
        "From picture to input",
        list(RULES),
        index=list(RULES).index(first),
        format_func=RULES.__getitem__,
        key=_key(network, "rule"),
        persist_state="session",
    )
    with st.container(horizontal=True):
        height = _pixels(network, "Input height", start.input_size[0])
        width = _pixels(network, "Input width", start.input_size[1])
        given = start.resize.head_side or HEAD_SIDE if how == "head" else start.resize.shorter_side or height
        label = {"head": "Head side", "cut": "Shorter side", "squash": "Each side", "pad": "Longer side"}.get(how)
        side = _pixels(network, label, given) if label else None
    rule = replace(
        start.resize,
        shorter_side=side if how in _FITS else None,
        head_side=side if how == "head" else None,
        fit=_FITS.get(how, "crop"),
    )
    return (height, width), rule


def _pixels(network: Network, label: str, value: int) -> int:
    return st.number_input(
        label,
        SMALLEST_SIDE,
        LARGEST_SIDE,
        value,
        key=_key(network, label),
        persist_state="session",
        help="In pixels." if label.startswith("Input") else "The length in pixels before the cut.",
    )


def _normalisation(network: Network, start: ModelConfig) -> tuple[Numbers, Numbers]:
    known = presets(network.channels)
    first = next((name for name, numbers in known.items() if numbers == (start.mean, start.std)), CUSTOM)
    names = [*known, CUSTOM]
    name = st.selectbox(
        "Normalisation",
        names,
        index=names.index(first),
        key=_key(network, "preset"),
        persist_state="session",
        help="(value − mean) / spread, for pictures scaled to 0 to 1: what your training did.",
    )
    if name != CUSTOM:
        return known[name]
    with st.container(horizontal=True):
        mean = st.text_input("Mean", _joined(start.mean), key=_key(network, "mean"), persist_state="session")
        std = st.text_input("Spread", _joined(start.std), key=_key(network, "std"), persist_state="session")
    return _numbers(mean, "mean"), _numbers(std, "spread")


def _answer(network: Network, start: ModelConfig) -> Answer:
    """What the outputs mean. A single number is a measure until its owner says that it is a yes or no."""
    if network.classes > 1:
        told = (
            "One class: the probabilities sum to 1 (softmax). Any number: each class has its own (sigmoid). Measures: "
            "numbers such as an age, no classes. A place: the numbers mean something only beside another's, and "
            "maps show what makes two pictures alike."
        )
        kind = one_of("A picture has", LABELS, start.answer.kind, _key(network, "labels"), help=told)
        return replace(start.answer, kind=kind)
    told = (
        "A yes or no: the number is the logit of yes, and its sigmoid the probability. A measure, such as an age or a "
        "dose, is shown as it is and is never a probability."
    )
    kind = one_of("Its single number is", SINGLE, start.answer.kind, _key(network, "single"), help=told)
    unit = start.answer.unit
    if kind == "number":
        unit = st.text_input("Unit", unit, key=_key(network, "unit"), persist_state="session", max_chars=20).strip()
    return replace(start.answer, kind=kind, unit=unit if kind == "number" else "")


def _names_control(network: Network, start: ModelConfig, answer: Answer) -> str:
    """One name a line."""
    label = f"Names of the {network.classes} classes, one a line, in the order of the outputs"
    names, height = start.class_names, 150
    if network.classes == 1:
        binary = answer.kind == "yes_no"
        label = "What a no is called, then what a yes is, one a line" if binary else "What it measures"
        names, height = names if len(names) == 1 + binary else NO_YES if binary else ("measure",), 80
    return st.text_area(
        label, "\n".join(names), key=_key(network, f"names_{answer.kind}"), persist_state="session", height=height
    )


def _joined(values: Numbers) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def _numbers(text: str, what: str) -> Numbers:
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        raise ModelError(
            f"The {what} “{text[:40]}” is no list of numbers; write for example 0.485, 0.456, 0.406."
        ) from None


def _order(network: Network, start: ModelConfig) -> ChannelOrder:
    if network.channels != 3:
        return "RGB"
    orders: dict[ChannelOrder, str] = {"RGB": "RGB", "BGR": "BGR"}
    told = "BGR for networks trained on pictures that OpenCV read. Mean and spread are in the same order."
    return one_of("Channel order", orders, start.channel_order, _key(network, "order"), help=told)
