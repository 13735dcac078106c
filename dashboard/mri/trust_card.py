"""The Trust card for a diagnosis of the MRI page, which keeps maps and no pass: the pass is made for an open card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.mri.diagnoses import VIEWER
from dashboard.mri.reading import Reading, model
from dashboard.mri.slice_display import display
from dashboard.shared import cached
from dashboard.shared.trust import lazy_card
from dashboard.shared.trust.erase import lazy_panel
from xai_core.attribution.explain import explain_forward_pass
from xai_core.types import SourceImage

if TYPE_CHECKING:
    from dashboard.shared.trust.subject import Subject

PLACE = "trust_mri"


def mri_card(image: SourceImage, shown: SourceImage, reading: Reading, class_index: int) -> None:
    """Whether the map of this diagnosis can be trusted. image: as the model reads it; shown: through its window."""

    def subject() -> Subject:
        from dashboard.shared.trust.subject import Subject

        layer = reading.recipe.layer
        image_pass = cached.image_forward_pass(model(), image, cached.layers(model()), layer)
        result = explain_forward_pass(image_pass, reading.recipe.method, [layer], [class_index])
        return Subject(image_pass, result, layer, PLACE, VIEWER, display(shown, reading.box))

    lazy_card(subject, PLACE)
    lazy_panel(subject, PLACE)
