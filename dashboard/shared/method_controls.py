"""How the question is put: method, its own settings, which evidence, rather than which class, which score."""

from collections.abc import Callable
from dataclasses import Field, fields
from functools import partial
from typing import Any

import streamlit as st

from dashboard.core import state
from dashboard.core.plain_text import in_prose
from dashboard.core.session import show_in_widget, widget_value
from dashboard.core.state import Settings
from dashboard.shared import cached
from xai_core.attribution.catalog import DEFAULT, METHODS, find_method
from xai_core.attribution.method import Method
from xai_core.types import LoadedModel, Prediction

EVIDENCE = {"for": "For", "against": "Against", "both": "Both"}
SCORES = {"logit": "Logit (before softmax)", "log_probability": "Log-probability (after softmax)"}


def method_control(model: LoadedModel) -> None:
    """The methods that apply to this model; those that do not are named with the reason."""
    reasons = cached.methods(model)
    offered = [key for key, reason in reasons.items() if reason is None]
    if state.selection().method not in offered:
        state.choose(method=DEFAULT)
    titles = {method.key: method.title for method in METHODS}
    choice("Method", "method", offered, titles.__getitem__)
    chosen = find_method(state.selection().method)
    st.caption(chosen.about)
    evidence_control()
    settings_control(chosen, lambda: state.selection().settings, lambda settings: state.choose(settings=settings))
    for key, reason in reasons.items():
        if reason:
            st.caption(f"**{titles[key]}** does not apply: {in_prose(reason)}")


def evidence_control() -> None:
    """Which sign of the map is shown."""
    st.segmented_control(
        "Evidence",
        list(EVIDENCE),
        format_func=EVIDENCE.__getitem__,
        key=follow("evidence", state.selection().evidence),
        on_change=store("evidence"),
        required=True,
        help="For the class, against it (what would lower its score), or both on a two-sided scale.",
    )


def expert_controls(prediction: Prediction) -> None:
    """Contrast with another class, and which number is explained."""
    box = st.expander("For experts", key="experts", on_change="rerun")
    if not box.open:  # a list of a thousand classes that few open would hold up the first picture
        return
    names = prediction.class_names
    if len(names) == 1:
        box.caption("The network answers with a single measure: nothing stands beside it.")
        return
    with box:
        choice(
            "Rather than",
            "contrast_class",
            [None, *range(len(names))],
            lambda i: "(the class by itself)" if i is None else names[i],
            help="Explain why the model leans to the class rather than to this one: the difference of their scores.",
        )
        if prediction.answer.alone:  # there a probability follows from its own score alone
            return
        choice(
            "Explained number",
            "score",
            list(SCORES),
            SCORES.__getitem__,
            help="The logit is the class's own score. The log-probability also falls when other classes rise.",
        )


def settings_control(
    method: Method, given: Callable[[], Settings], store: Callable[[Settings], None], prefix: str = ""
) -> None:
    """A widget for each field of the method's settings record. given, store: where the values come from and go to.

    prefix: of the widgets' keys, where a method stands on the page more than once.
    """

    def changed(name: str, key: str) -> None:
        store(tuple((dict(given()) | {name: widget_value(key)}).items()))

    for field in fields(method.settings):
        key = follow(f"{prefix}{method.key}_{field.name}", dict(given()).get(field.name, field.default))
        _setting_widget(field, key, partial(changed, field.name, key))


def _setting_widget(field: Field[Any], key: str, on_change: Callable[[], None]) -> None:
    about = field.metadata
    common: dict[str, Any] = {"key": key, "on_change": on_change, "help": about.get("help") or None}
    if about.get("options") is not None:
        st.selectbox(about["label"], about["options"], **common)
    else:
        st.number_input(about["label"], about["low"], about["high"], step=about["step"], **common)


def choice(label: str, field: str, options: list[Any], titles: Callable[[Any], str], help: str | None = None) -> None:
    """A select box that shows and changes one field of the current choice."""
    st.selectbox(
        label,
        options,
        format_func=titles,
        key=follow(field, getattr(state.selection(), field)),
        on_change=store(field),
        placeholder=titles(None) if None in options else None,
        help=help,
    )


def follow(field: str, value: object) -> str:
    """The key of a widget that shows `value`, which links, bars and tiles change as well."""
    return show_in_widget(f"choice_{field}", value)


def store(field: str) -> Callable[[], None]:
    """A callback that takes the widget's value over into the current choice."""
    return lambda: state.choose(**{field: widget_value(f"choice_{field}")})
