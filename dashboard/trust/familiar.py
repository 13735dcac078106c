"""Whether the picture is like those that its model was trained on, where the model's training vectors are at hand."""

from __future__ import annotations

from xai_core.attribution.explain import ImageTrace
from xai_core.evaluation.familiarity import Familiarity, familiarity
from xai_core.models.brain_mri import brain_mri_card, known_slices


def familiarity_of(traced: ImageTrace) -> Familiarity | None:
    """How near the picture lies to the training pictures; None for a model that came without their vectors."""
    card, passed = brain_mri_card(), traced.trace.activations
    if traced.model.card.key != card.key or card.default_layer is None or card.default_layer not in passed:
        return None
    vector = passed[card.default_layer].detach().mean(dim=(2, 3))[0].cpu().numpy()
    known = known_slices()
    return familiarity(known.vectors, vector, known.limit)
