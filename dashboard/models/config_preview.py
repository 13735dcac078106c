"""What a card does to the pictures, before the model is used: the input, the answer, and other normalisations."""

from collections.abc import Sequence

import streamlit as st

import xai_core as xai
from dashboard.core import state
from dashboard.core.plain_text import in_prose, share_first
from dashboard.models import model_cache as models_cached
from dashboard.models.model_cache import CHOSEN
from dashboard.shared import cached
from xai_core.images import SAMPLES
from xai_core.models.normalisation import Check, better
from xai_core.models.preprocess import model_view
from xai_core.render.recipe import measure, percent
from xai_core.types import LoadedModel, SourceImage

MOST_PICTURES = 8
FLAT_BITS = 0.1
SURE, DIFFERENT, TELLS = "How sure on average", "Different answers", "Depends on the picture"


def preview(model: LoadedModel, image: SourceImage) -> None:
    """The input that the card makes of the chosen picture, the values in it, and the first answers."""
    given = xai.prepare(model.config, image)
    prediction = xai.predict(model, image)
    left, right = st.columns([1, 2], gap="medium")
    left.image(model_view(model.config, given), output_format="PNG", width="stretch", alt="The model's input")
    low, high = float(given.tensor.min()), float(given.tensor.max())
    right.markdown(f"**What this does to your picture**: the network reads values from {_range(low, high)}.")
    if prediction.answer.kind == "embedding":
        right.markdown(f"It answers with an embedding of {len(prediction.scores):,} numbers.")
        return
    for best in prediction.top(3):
        if not prediction.answer.probable:
            right.markdown(f"{in_prose(best.name)}: **{in_prose(measure(best.score, prediction.answer))}**")
            continue
        right.progress(best.probability, f"{share_first(best.probability)} {in_prose(best.name)}")


def normalisation_check(model: LoadedModel) -> None:
    """The answers to several pictures under the card and the usual normalisations; a word where the card's is odd."""
    if not model.config.answer.probable:
        st.info("This check compares how sure a model is of its classes; this one tells none.")
        return
    images = _images()
    with st.spinner("Trying the usual normalisations …", show_time=False):
        checks = models_cached.normalisations(model, images)
    suggestion = better(checks, CHOSEN)
    if suggestion is not None:
        st.warning(
            f"Suspicious: under **{suggestion}** the answers depend on the picture "
            f"({checks[suggestion].bits:.2f} bits), under this card much less ({checks[CHOSEN].bits:.2f} bits). "
            "Was the network trained so?",
            icon=":material/help:",
        )
    elif max(check.bits for check in checks.values()) < FLAT_BITS:
        st.info(
            "Under none of these do the answers depend on the picture. The pictures may be unlike those of the "
            "training, or the network is not trained.",
            icon=":material/info:",
        )
    st.dataframe(
        [_row(name, check) for name, check in checks.items()],
        hide_index=True,
        column_config={
            "Network reads": st.column_config.Column(help="The lowest and the highest value that it is fed."),
            SURE: st.column_config.Column(help="The probability of the best class, averaged over the pictures."),
            DIFFERENT: st.column_config.Column(
                help="How many different classes came out best. 1 for all pictures alike is a bad sign."
            ),
            TELLS: st.column_config.NumberColumn(
                format="%.2f",
                help="How much the answers depend on the picture, in bits: 0 where every picture gets the same answer. "
                "The normalisation of the training usually has the highest.",
            ),
        },
        alt="Answers to the pictures under each normalisation",
    )
    whose = "your own" if len(state.uploads()) > 1 else "the samples"
    st.caption(
        f"{len(images)} pictures: {whose}. A wrong normalisation shows as one class for every picture, or as answers "
        "that hardly change. Pictures of the kind that the network knows tell more: upload two or more in the side bar."
    )


def _range(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}".replace("-", "−")


def _row(name: str, check: Check) -> dict[str, object]:
    return {
        "Normalisation": name,
        "Network reads": _range(check.low, check.high),
        SURE: percent(check.confidence),
        DIFFERENT: check.classes,
        TELLS: check.bits,
    }


def _images() -> Sequence[SourceImage]:
    own = list(state.uploads().values())
    return own[-MOST_PICTURES:] if len(own) > 1 else [cached.sample(sample.key) for sample in SAMPLES]
