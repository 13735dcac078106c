"""The open panel: the marked picture with the old map, the changed one with the new, scores and earlier trials."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from dashboard.core import results
from dashboard.core.failures import in_words
from dashboard.core.plain_text import class_in_prose, in_prose
from dashboard.core.session import show_in_widget, widget_value
from dashboard.shared.components.viewer import DisplayImage, Heat, ViewerOptions, display_image_of, viewer
from dashboard.shared.trust.erase.canvas import MarkedImage, canvas
from dashboard.shared.trust.erase.state import Desk, Marked, Trial, desk, taken_in
from dashboard.shared.trust.subject import MapKey, Subject
from xai_core.attribution.explain import explain_forward_pass
from xai_core.attribution.method import INPUT
from xai_core.evaluation.erase import Filling, erased, region_of, retest, strongest
from xai_core.models.class_names import short_name
from xai_core.models.preprocess import model_view
from xai_core.render.recipe import measure, percent, said
from xai_core.render.scale import shown
from xai_core.types import Box, Explanation, ModelInput, Prediction

FILLINGS: dict[Filling, str] = {
    "blur": "Blur",
    "grey": "Grey",
    "mean": "Mean colour",
    "noise": "Noise",
    "inpaint": "Filled in",
}
KEEP = {False: "Erase it", True: "Keep only it"}
STRONGEST = 0.2
HEIGHT = 400


@dataclass(frozen=True)
class _ErasedKey:
    """All that decides the answer to a changed input; its marks are those of the region."""

    map: MapKey
    marked: Marked
    keep: bool
    filling: Filling


@dataclass(frozen=True, eq=False)
class _Again:
    """The model's answer to the changed input, and the same question's map; of the pass itself nothing is kept."""

    given: ModelInput
    prediction: Prediction
    result: Explanation


@st.fragment
def panel(subject: Subject) -> None:
    """Everything below the expander's title; a stroke runs this part alone."""
    made = desk(subject.place, subject.key)
    keep, filling = _settings(subject)
    size = subject.image_pass.model.config.input_size
    region = region_of(made.marked.strokes, size)
    if made.marked.strongest:
        region = region | strongest(subject.values, size, made.marked.strongest)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Before**: what the model saw")
        _before(subject, made, region)
    with right, in_words():
        st.markdown("**After**: the changed picture")
        if not made.marked:
            st.info("Mark a part of the picture on the left. The new map and scores appear here at once.")
        else:
            again = _asked_again(subject, made.marked, region, keep, filling)
            _after(subject, again)
            made.note(_trial(subject, made.marked, region, keep, filling, again.prediction))
    if made.marked:
        _scores(subject, again.prediction)
    _history(subject, made)


def _settings(subject: Subject) -> tuple[bool, Filling]:
    """What happens to the marked part, and what comes in its place."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keep = st.segmented_control(
            "The marked part",
            list(KEEP),
            format_func=KEEP.__getitem__,
            default=False,
            key=f"{subject.place}_keep",
            required=True,
        )
        filling = st.segmented_control(
            "In its place",
            list(FILLINGS),
            format_func=FILLINGS.__getitem__,
            default="blur",
            key=f"{subject.place}_filling",
            required=True,
            help="A hard patch can look like something by itself. An effect that holds under several fillings is real. "
            "Grey is what the first check of the card above paints with; mean colour is the mean of what stays.",
        )
        made = desk(subject.place, subject.key)
        st.button(
            f"Mark the map's strongest {percent(STRONGEST)}",
            key=f"{subject.place}_strongest",
            icon=":material/local_fire_department:",
            on_click=lambda: made.mark(Marked(made.marked.strokes, STRONGEST)),
        )
    return bool(keep), filling


def _before(subject: Subject, made: Desk, region: np.ndarray) -> None:
    image = _view(subject, subject.image_pass.given, "what the model saw")
    canvas(
        MarkedImage(image, _heat(subject, subject.values), region, made.turn),
        key=f"{subject.place}_canvas",
        height=HEIGHT,
        settings_of=subject.settings_of,
        on_mark=partial(taken_in, made),
    )


def _asked_again(subject: Subject, marked: Marked, region: np.ndarray, keep: bool, filling: Filling) -> _Again:
    """Kept, so that going back is free."""

    def make() -> _Again:
        again = retest(subject.image_pass, erased(subject.image_pass, region, filling, keep=keep))
        explained = subject.result
        settings = {name: value for name, value in explained.settings.items() if name != "layer"}
        layer = str(explained.settings.get("layer", subject.layer))
        result = explain_forward_pass(
            again,
            explained.method,
            [] if layer == INPUT else [layer],
            [subject.class_index],
            score=explained.score,
            contrast_class=explained.contrast_class,
            settings=settings,
        )
        return _Again(again.given, again.prediction, result)

    with st.spinner("Asking the model again …", show_time=True):
        return results.get_or_make(_ErasedKey(subject.key, marked, keep, filling), make)


def _after(subject: Subject, again: _Again) -> None:
    viewer(
        _view(subject, again.given, "the changed picture"),
        _heat(subject, again.result.maps[subject.layer][0]),
        ViewerOptions(
            caption="On the colour scale of the map before.",
            compact=True,
            height=HEIGHT,
            settings_of=subject.settings_of,
        ),
        key=f"{subject.place}_after",
    )


def _scores(subject: Subject, after: Prediction) -> None:
    """The class asked about in a sentence, and the best classes before and after."""
    before = subject.image_pass.prediction
    name, best = class_in_prose(subject.result.class_names[0]), after.top(1)[0]
    if not before.answer.probable:
        measured = (in_prose(measure(float(p.scores[subject.class_index]), p.answer)) for p in (before, after))
        st.markdown(f"**{name}: {' → '.join(measured)}.**")
        return
    was, now = (float(p.probabilities[subject.class_index]) for p in (before, after))
    now_sees = "" if best.index == subject.class_index else f" The model now sees: {class_in_prose(best.name)}."
    st.markdown(f"**{name}: {percent(was)} → {percent(now)}.**{now_sees}")
    listed = dict.fromkeys([subject.class_index, *(c.index for p in (before, after) for c in p.top(3))])
    st.dataframe(
        [
            {
                "Class": short_name(before.class_names[index]),
                "Before": 100 * float(before.probabilities[index]),
                "After": 100 * float(after.probabilities[index]),
                "Score before": float(before.scores[index]),
                "Score after": float(after.scores[index]),
            }
            for index in listed
        ],
        hide_index=True,
        column_config={
            **{
                side: st.column_config.ProgressColumn(side, format="%.1f %%", min_value=0, max_value=100)
                for side in ("Before", "After")
            },
            **{f"Score {side}": st.column_config.NumberColumn(format="%.2f") for side in ("before", "after")},
        },
        alt="Probabilities and scores before and after",
    )


def _trial(
    subject: Subject, marked: Marked, region: np.ndarray, keep: bool, filling: Filling, after: Prediction
) -> Trial:
    best, answer = after.top(1)[0], after.answer
    was, now = (said(p.of(subject.class_index), answer) for p in (subject.image_pass.prediction, after))
    sees = f"{short_name(best.name)} ({said(best, answer)})" if answer.probable else ""
    return Trial(marked, keep, filling, float(region.mean()), was, now, sees)


def _history(subject: Subject, made: Desk) -> None:
    """The trials of this map, the latest first; a click shows one again."""
    if not made.trials:
        return
    st.markdown("**Trials so far**")
    key = f"{subject.place}_history_{len(made.trials)}"
    st.dataframe(
        [
            {
                "Marked": f"{percent(trial.share)} of the picture · {trial.marked.how}",
                "What": f"{KEEP[trial.keep]} · {FILLINGS[trial.filling].lower()}",
                "Probability" if trial.sees else "Measure": f"{trial.before} → {trial.after}",
                **({"Model now sees": trial.sees} if trial.sees else {}),
            }
            for trial in made.trials
        ],
        hide_index=True,
        key=key,
        on_select=lambda: _show_again(subject, made, key),
        selection_mode="single-row",
        alt="Trials so far; choose a row to see it again",
    )
    st.button(
        "Forget the trials",
        key=f"{subject.place}_forget",
        type="tertiary",
        icon=":material/delete:",
        on_click=made.trials.clear,
    )


def _show_again(subject: Subject, made: Desk, key: str) -> None:
    rows = widget_value(key).selection.rows
    if rows and rows[0] < len(made.trials):
        trial = made.trials[rows[0]]
        made.mark(trial.marked)
        show_in_widget(f"{subject.place}_keep", trial.keep)
        show_in_widget(f"{subject.place}_filling", trial.filling)


def _view(subject: Subject, given: ModelInput, name: str) -> DisplayImage:
    """What the model reads, as a picture: marks then are pixels of its input."""
    height, width = subject.image_pass.model.config.input_size
    return display_image_of(model_view(subject.image_pass.model.config, given), Box(0, 0, width, height), name)


def _heat(subject: Subject, values: np.ndarray) -> Heat:
    """Both maps on the scale of the first."""
    _, low, high = shown(subject.values, "for", pixels=subject.pixels)
    return Heat(values, high, "evidence for", subject.layer, "the map", vmin=low)
