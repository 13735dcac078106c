"""Every check of the trust card, in its order. A new one is one file with a `CHECK` record and one line here."""

from xai_core.evaluation.check import Check
from xai_core.evaluation.checks import (
    faithfulness,
    parameter_randomisation,
    resolution,
    road,
    specificity,
    stability,
)

CHECKS: tuple[Check, ...] = (
    faithfulness.CHECK,
    road.CHECK,
    parameter_randomisation.CHECK,
    specificity.CHECK,
    stability.CHECK,
    resolution.CHECK,
)
