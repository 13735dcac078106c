"""How an image came about: as one line under it, as Python that makes it again, and as a record beside the raw maps."""

import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from xai_core.render.scale import Evidence
from xai_core.types import Answer, ClassScore, Explanation


def recipe_line(
    result: Explanation, method_title: str, layer: str, position: int = 0, evidence: Evidence = "for"
) -> str:
    """One line: model, weights, method, layer and grid, class, score and probability. `position`: which class."""
    height, width = result.maps[layer].shape[1:]
    settings = ", ".join(
        "all channels" if (name, value) == ("channels", 0) else f"{name} {value}"
        for name, value in result.settings.items()
        if name != "batch"
    )
    rival = f" rather than {result.contrast_class_name}" if result.contrast_class is not None else ""
    where = "pixels" if layer == "input" else f"layer {layer}"
    return " · ".join(
        (
            f"{result.model_title} (weights {result.weights_digest[:8]})",
            f"{method_title} ({settings})" if settings else method_title,
            f"{where}, {height} × {width}",
            result.class_names[position] + rival,
            *((f"evidence {evidence}",) if evidence != "for" else ()),
            *(("log-probability explained",) if result.score == "log_probability" else ()),
            *_answered(result, position),
        )
    )


def _answered(result: Explanation, position: int) -> tuple[str, ...]:
    if not result.answer.probable:
        return (f"answer {measure(result.scores[position], result.answer)}",)
    return (
        f"score {signed(result.scores[position])}",
        f"probability {percent(result.probabilities[position])}",
    )


def said(one: ClassScore, answer: Answer) -> str:
    """What a network says of a class, or measures: "97 %", "57.3 years"."""
    return percent(one.probability) if answer.probable else measure(one.score, answer)


def measure(value: float, answer: Answer) -> str:
    """Four digits and the unit: "57.31 years", "−0.02"; of a likeness two behind the point."""
    if answer.kind == "likeness":
        return signed(value)
    return f"{value:.4g} {answer.unit}".strip().replace("-", "−")


def percent(share: float) -> str:
    """A share [0, 1] as a reader expects it: "0 %", "< 0.1 %", "0.4 %", "36 %", "99.5 %", "> 99.9 %".

    "100 %" is all of it and nothing less, as "0 %" is none.
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 or 0.99 < share < 1 else f"{100 * share:.0f} %"


def signed(value: float, *, plus: bool = False) -> str:
    """Two digits, with a true minus sign, and no minus before a zero."""
    text = f"{value:+.2f}" if plus else f"{value:.2f}"
    return text.replace("-0.00", "0.00").replace("-", "−")


def points(difference: float) -> str:
    """A difference of two probabilities, in percentage points."""
    return f"{100 * difference:.0f}".replace("-0", "0").replace("-", "−") + " points"


def as_python(result: Explanation, layer: str, load_model: str, load_image: str, evidence: Evidence = "for") -> str:
    """A script that makes the image again; load_model, load_image: the expressions that give model and picture."""
    settings = {name: value for name, value in result.settings.items() if name != "layer"}
    question = {
        "method": result.method,
        "layers": [layer] if layer != "input" else [result.settings["layer"]] if "layer" in result.settings else [],
        "classes": list(result.classes),
        **({"score": result.score} if result.score != "logit" else {}),
        **({"contrast_class": result.contrast_class} if result.contrast_class is not None else {}),
        **({"settings": settings} if settings else {}),
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in question.items())
    drawn = f"image, result, {layer!r}" + (f", evidence={evidence!r}" if evidence != "for" else "")
    return f"""import xai_core as xai
from PIL import Image

model = {load_model}
image = {load_image}
result = xai.explain(model, image, {arguments})
Image.fromarray(xai.overlay({drawn})).save("heat_map.png")
"""


def as_npz(result: Explanation) -> bytes:
    """The raw signed maps, one array (k, h, w) a layer, and the whole recipe as JSON under `recipe`: a .npz file."""
    record = {**asdict(result), "maps": list(result.maps)}
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {**result.maps, "recipe": np.array(json.dumps(record, default=str))}
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
