"""What must stand beside the answers of a model that is for research only, wherever it is chosen."""

from dataclasses import dataclass

import streamlit as st

from dashboard.core.plain_text import in_prose
from xai_core.attribution.explain import ImageForwardPass
from xai_core.evaluation.familiarity import Familiarity, familiarity_of
from xai_core.models.sources.brain_mri import known_slices
from xai_core.types import ModelConfig

UNLIKE = "Unlike the training data: do not read a diagnosis here."


@dataclass(frozen=True)
class InputCautions:
    """unlike: reasons not to read a diagnosis at all. careful: reasons to read it with care. One sentence each.

    far: beyond the distance within which 95 % of held-out slices lie, so no diagnosis is shown large.
    """

    unlike: tuple[str, ...]
    careful: tuple[str, ...]
    far: bool = False


def of_model(config: ModelConfig) -> None:
    """What the model's record says of its use, such as that it is no means of diagnosis; nothing for most models."""
    if config.caution:
        st.warning(in_prose(config.caution), icon=":material/science:")


def of_image(image_pass: ImageForwardPass) -> None:
    """That the picture is unlike what the model was trained on, as the MRI page says it, where that is known."""
    near = familiarity_of(image_pass)
    if near is not None:
        show(of_distance(near))


def of_distance(near: Familiarity) -> InputCautions:
    """What the distance to the training slices alone says."""
    lies, limit = f"distance {near.distance:.2f}", "It is farther from the training slices than {} % of held-out ones"
    far = known_slices().far_limit
    if near.distance > far:
        return InputCautions((f"{limit.format(99)} ({lies}, limit {far:.2f}).",), (), far=True)
    if not near.familiar:
        return InputCautions((), (f"{limit.format(95)} ({lies}, limit {near.limit:.2f}).",), far=True)
    return InputCautions((), ())


def show(found: InputCautions) -> None:
    """The findings, the grave ones in a box of their own."""
    if found.unlike:
        st.error(f"**{UNLIKE}** {' '.join(found.unlike)}", icon=":material/block:")
    if found.careful:
        st.warning("**With care.** " + " ".join(found.careful), icon=":material/info:")
