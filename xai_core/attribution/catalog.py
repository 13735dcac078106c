"""Every attribution method. A new one is one file with a `METHOD` record and one line here."""

from __future__ import annotations

from xai_core.attribution.method import Method
from xai_core.attribution.methods import (
    ablation_cam,
    cam,
    deconvnet,
    eigen_cam,
    grad_cam,
    grad_cam_pp,
    gradient,
    gradient_x_input,
    guided_backprop,
    guided_grad_cam,
    hires_cam,
    integrated_gradients,
    layer_cam,
    occlusion,
    rollout,
    score_cam,
    smooth_grad,
    xgrad_cam,
)
from xai_core.errors import NotApplicable
from xai_core.types import LoadedModel

METHODS: tuple[Method, ...] = (
    cam.METHOD,
    grad_cam.METHOD,
    grad_cam_pp.METHOD,
    hires_cam.METHOD,
    layer_cam.METHOD,
    xgrad_cam.METHOD,
    eigen_cam.METHOD,
    score_cam.METHOD,
    ablation_cam.METHOD,
    gradient.METHOD,
    gradient_x_input.METHOD,
    smooth_grad.METHOD,
    integrated_gradients.METHOD,
    guided_backprop.METHOD,
    deconvnet.METHOD,
    guided_grad_cam.METHOD,
    occlusion.METHOD,
    rollout.METHOD,
)


def find_method(key: str) -> Method:
    """The method with this key; NotApplicable where there is none."""
    for method in METHODS:
        if method.key == key:
            return method
    raise NotApplicable(f"There is no method '{key}'; choose one of {', '.join(m.key for m in METHODS)}.")


def methods(model: LoadedModel) -> dict[str, str | None]:
    """{method key: None where it applies to this model, else the reason why it does not}."""
    input_shape = (1, len(model.config.mean), *model.config.input_size)
    checks = dict.fromkeys(method.reason_not for method in METHODS)  # several methods share one, which may take a pass
    reasons = {check: check(model.module, input_shape) for check in checks}
    return {method.key: reasons[method.reason_not] for method in METHODS}
