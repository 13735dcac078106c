"""What a check has found in one line, for the summary: a plain sentence with its main figure."""

from __future__ import annotations

import numpy as np

from dashboard.core.plain_text import class_in_prose
from xai_core.evaluation.faithfulness import MARKED, Faithfulness
from xai_core.evaluation.parameter_randomisation import ParameterRandomisation
from xai_core.evaluation.resolution import Resolution
from xai_core.evaluation.road import SHARES, Road
from xai_core.evaluation.specificity import Specificity
from xai_core.evaluation.stability import Stability
from xai_core.render.recipe import percent, signed

LIKENESS = "Likeness: 1 for the same map, 0 for one that has nothing to do with it, below 0 for an opposite one."


def use(found: Faithfulness, name: str) -> str:
    chance = float(np.mean([curve.at(MARKED) for curve in found.deletion.random]))
    return (
        f"Without the {percent(MARKED)} that it marks most, {name} goes from {percent(found.probability)} to "
        f"**{percent(found.without)}**; without random places: {percent(chance)}."
    )


def filled(found: Road, name: str) -> str:
    share = percent(SHARES[0])
    return (
        f"Without its highest {share} {name} keeps **{percent(float(found.own.most[0]))}**, without its lowest "
        f"{share} it keeps {percent(float(found.own.least[0]))}."
    )


def network(found: ParameterRandomisation, _name: str) -> str:
    return (
        f"When the network forgets what it learned, the map's likeness to this one is **{signed(found.resemblance)}**."
    )


def classes(found: Specificity, _name: str) -> str:
    other = (
        f"The map of {class_in_prose(found.runner_up.name)} has" if not found.random else "Maps of other classes have"
    )
    return f"{other} a likeness of **{signed(found.resemblance)}** to it."


def stable(found: Stability, _name: str) -> str:
    return f"When the picture changes a little, the map's likeness to this one is **{signed(found.typical)}**."


def fine(found: Resolution, _name: str) -> str:
    rows, columns = found.grid
    if found.known:
        return (
            f"**{percent(found.outside)}** of the evidence lies outside the head, on {percent(found.area)} of the area."
        )
    if found.field is None:
        return f"The map has a value for each of the **{rows} × {columns}** pixels that the model reads."
    return f"The map has **{rows} × {columns}** cells of {found.cell[0]:.0f} × {found.cell[1]:.0f} pixels."


def unbroken(line: str) -> str:
    """The line with each figure kept together with its unit where the card is narrow."""
    return line.replace(" %", "\N{NO-BREAK SPACE}%")
