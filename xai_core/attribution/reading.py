"""How to read a map, in two or three sentences that follow its method: what a colour stands for, and what it hides."""

from __future__ import annotations

from dataclasses import fields

from xai_core.attribution.catalog import find_method
from xai_core.attribution.method import INPUT
from xai_core.render.scale import Evidence
from xai_core.types import Explanation

BY_EVIDENCE = {
    "raised": {"for": "raised", "against": "lowered", "both": "raised (red) or lowered (blue)"},
    "raises": {"for": "would raise", "against": "would lower", "both": "would raise (red) or lower (blue)"},
    "falls": {"for": "falls", "against": "rises", "both": "falls (red) or rises (blue)"},
}
GRID = " The layer has {rows} × {columns} cells, so the map shows roughly where, never an outline, and not why."


def how_to_read(result: Explanation, layer: str, evidence: Evidence = "for") -> str:
    """The reading of the map of `layer`, as it is drawn with this evidence; see `Method.reading`."""
    method = find_method(result.method)
    rows, columns = result.maps[layer].shape[1:]
    settings = {**{field.name: field.default for field in fields(method.settings)}, **result.settings}
    words = {name: by_evidence[evidence] for name, by_evidence in BY_EVIDENCE.items()}
    text = method.reading + ("" if layer == INPUT else GRID)
    return text.format_map(settings | words | {"rows": rows, "columns": columns})
