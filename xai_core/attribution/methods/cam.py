"""CAM: channels weighted by the classifier itself (Zhou et al. 2016, equation 2); all classes in one matrix product."""

import torch
from torch import Tensor, nn

from xai_core.attribution.method import AttributionRequest, Method, NoSettings
from xai_core.attribution.methods import grad_cam
from xai_core.errors import LayerError, NotApplicable
from xai_core.forward.forward_pass import ForwardPass
from xai_core.forward.head import Head, find_head, head_at
from xai_core.forward.target import target_scores
from xai_core.types import ProgressCallback


def cam(head: Head, activations: Tensor, classes: Tensor) -> Tensor:
    """Signed maps (n, k, h, w) of classes int64 (n, k), from the head's layer (n, c, h, w): mean + bias = score."""
    features = activations.clamp(min=0) if head.relu else activations
    if head.weight is None:
        return features[torch.arange(len(features), device=features.device)[:, None], classes]
    return torch.einsum("nkc,nchw->nkhw", head.weight[classes], features)


def _answer(request: AttributionRequest, _settings: NoSettings, on_progress: ProgressCallback) -> dict[str, Tensor]:
    target = request.target
    target_scores(request.forward_pass.scores, target)  # refuses unknown classes
    if target.score == "log_probability" and target.contrast_class is None:
        raise NotApplicable(
            "CAM splits a class score, and a log-probability is not linear in it; explain the logit, "
            "or the lead over another class."
        )
    maps: dict[str, Tensor] = {}
    for name in request.layers:
        head = _head_for(request.module, request.inputs, request.forward_pass, name)
        activations = request.forward_pass.activations[name].detach()
        maps[name] = cam(head, activations, target.classes)
        if target.contrast_class is not None:
            maps[name] = maps[name] - cam(head, activations, target.contrast_class)
        on_progress(len(maps), len(request.layers))
    return maps


def _head_for(module: nn.Module, inputs: Tensor, image_pass: ForwardPass, layer: str) -> Head:
    """The head that reads `layer`; a further pass finds the reason where this pass shows none."""
    found = head_at(module, image_pass, layer)
    if found is not None:
        return found
    head = find_head(module, inputs.shape)
    if isinstance(head, str):
        raise NotApplicable(head)
    if layer not in head.layers:  # it is, where all features are zero and only the biases are left
        raise LayerError(
            f"CAM exists only at '{head.layers[-1]}', whose channel averages make the scores; '{layer}' was asked for."
        )
    return head


def _reason_not(module: nn.Module, input_shape: tuple[int, ...]) -> str | None:
    found = find_head(module, input_shape)
    return found if isinstance(found, str) else None


def _defined_at(module: nn.Module, image_pass: ForwardPass) -> tuple[str, ...]:
    return tuple(name for name in image_pass.activations if head_at(module, image_pass, name))


METHOD = Method(
    key="cam",
    title="CAM",
    paper="Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016",
    about="Each channel counts by the weight that the classifier gives it; the map's mean plus a bias is the score.",
    reading=grad_cam.METHOD.reading,
    answer=_answer,
    reason_not=_reason_not,
    defined_at=_defined_at,
)
