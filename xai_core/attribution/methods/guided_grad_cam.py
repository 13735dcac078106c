"""Guided Grad-CAM: where Grad-CAM finds evidence, the detail of guided backpropagation (Selvaraju et al. 2017)."""

import torch.nn.functional as F
from torch import Tensor

from xai_core.attribution.method import INPUT, AttributionRequest, Method, NoSettings
from xai_core.attribution.methods import grad_cam, guided_backprop
from xai_core.forward.relu_rules import no_relu_reason
from xai_core.types import ProgressCallback, no_progress


def _answer(request: AttributionRequest, settings: NoSettings, on_progress: ProgressCallback) -> dict[str, Tensor]:
    """Section 3.2: the rectified Grad-CAM, brought to the input's size bilinearly, times guided backpropagation."""
    coarse = grad_cam.METHOD.answer(request, settings, no_progress)[request.layers[-1]]
    evidence = F.interpolate(coarse.clamp(min=0), request.inputs.shape[2:], mode="bilinear", align_corners=False)
    detail = guided_backprop.METHOD.answer(request, settings, on_progress)[INPUT]
    return {INPUT: evidence * detail}


METHOD = Method(
    key="guided_grad_cam",
    title="Guided Grad-CAM",
    paper="Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017",
    about="Guided backpropagation, kept only where Grad-CAM at the chosen layer finds evidence for the class.",
    reading="Where there is colour at all tells about this class. The lines in it are the picture's own and would be "
    "nearly the same for another.",
    answer=_answer,
    target="pixel",
    needs_layer=True,
    reason_not=no_relu_reason,
    caveat="Only the region comes from the class; the detail in it is guided backpropagation's, which depends little "
    "on the class or on the network's weights (Adebayo et al., Sanity Checks for Saliency Maps, 2018).",
)
