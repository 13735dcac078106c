"""Every attribution method. A new one is one file in `methods/` with a `METHOD` record, and one line here."""

from dataclasses import fields
from importlib import import_module

from xai_core.attribution import methods as folder
from xai_core.attribution.method import INPUT, Method
from xai_core.errors import NotApplicable
from xai_core.render.scale import Evidence
from xai_core.types import Explanation, LoadedModel

_FILES = (  # in the order of the menus
    "cam",
    "grad_cam",
    "grad_cam_pp",
    "hires_cam",
    "layer_cam",
    "xgrad_cam",
    "eigen_cam",
    "score_cam",
    "ablation_cam",
    "gradient",
    "gradient_x_input",
    "smooth_grad",
    "integrated_gradients",
    "guided_backprop",
    "deconvnet",
    "guided_grad_cam",
    "occlusion",
    "rollout",
)
METHODS: list[Method] = [import_module(f"{folder.__name__}.{file}").METHOD for file in _FILES]
DEFAULT = "grad_cam"  # quick, and defined at every layer of every network with feature maps
BY_EVIDENCE = {
    "raised": {"for": "raised", "against": "lowered", "both": "raised (red) or lowered (blue)"},
    "raises": {"for": "would raise", "against": "would lower", "both": "would raise (red) or lower (blue)"},
    "falls": {"for": "falls", "against": "rises", "both": "falls (red) or rises (blue)"},
}
GRID = " The layer has {rows} × {columns} cells, so the map shows roughly where, never an outline, and not why."


def find_method(key: str) -> Method:
    """The method with this key; NotApplicable where there is none."""
    for method in METHODS:
        if method.key == key:
            return method
    raise NotApplicable(f"There is no method '{key}'; choose one of {', '.join(m.key for m in METHODS)}.")


def methods(model: LoadedModel) -> dict[str, str | None]:
    """{method key: None where it applies to this model, else the reason why it does not}.

    >>> import xai_core as xai
    >>> xai.methods(xai.load_model("digits"))["rollout"]
    'Attention rollout follows attention between tokens; this network has none.'
    """
    input_shape = (1, len(model.config.mean), *model.config.input_size)
    checks = dict.fromkeys(method.reason_not for method in METHODS)  # several methods share one, which may take a pass
    reasons = {check: check(model.module, input_shape) for check in checks}
    return {method.key: reasons[method.reason_not] for method in METHODS}


def batch_methods() -> tuple[str, ...]:
    """The keys of methods for many images at once: quick, about a class, and defined at every layer."""
    return tuple(method.key for method in METHODS if method.for_batches)


def how_to_read(result: Explanation, layer: str, evidence: Evidence = "for") -> str:
    """The reading of the map of `layer`, as it is drawn with this evidence; see `Method.reading`."""
    method = find_method(result.method)
    rows, columns = result.maps[layer].shape[1:]
    settings = {**{field.name: field.default for field in fields(method.settings)}, **result.settings}
    words = {name: by_evidence[evidence] for name, by_evidence in BY_EVIDENCE.items()}
    text = method.reading + ("" if layer == INPUT else GRID)
    return text.format_map(settings | words | {"rows": rows, "columns": columns})
