"""From a picture to its prediction and its class maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import maps_of_trace
from xai_core.errors import LayerError, ModelError, NotApplicable
from xai_core.models.layers import layers as list_layers
from xai_core.models.preprocess import prepare
from xai_core.trace.capture import Trace, trace
from xai_core.types import Explanation, LoadedModel, ModelInput, Prediction, SourceImage


@dataclass(frozen=True, eq=False)
class ImageTrace:
    """One picture's pass through one model: the answer to any class, and to any layer in it, without another pass."""

    model: LoadedModel
    image: SourceImage
    given: ModelInput
    trace: Trace
    prediction: Prediction


def predict(model: LoadedModel, image: SourceImage) -> Prediction:
    """Scores and probabilities of all classes for one picture."""
    return trace_image(model, image, ()).prediction


def trace_image(model: LoadedModel, image: SourceImage, layers: Sequence[str]) -> ImageTrace:
    """Run the model once on a picture and keep what `explain_trace` needs for these layers."""
    given = prepare(model.card, image, model.device)
    traced = trace(model.module, given.tensor, layers)
    return ImageTrace(model, image, given, traced, _prediction(model, traced))


def explain(
    model: LoadedModel,
    image: SourceImage,
    method: str = "grad_cam",
    layers: Sequence[str] | None = None,
    classes: Sequence[int] | None = None,
) -> Explanation:
    """Class maps of one picture, raw and signed: `result.maps[layer]` is float32 (k, h, w).

    layers: dotted names; None for the layer that the model suggests. classes: indices; None for the predicted class.
    """
    if layers is None:
        layers = [suggested_layer(model)]
    return explain_trace(trace_image(model, image, layers), method, layers, classes)


def explain_trace(
    traced: ImageTrace, method: str, layers: Sequence[str], classes: Sequence[int] | None = None
) -> Explanation:
    """Class maps from a pass that was made before; `layers` must be among those that it kept."""
    model, prediction = traced.model, traced.prediction
    reason = find_method(method).reason_not(model.module)
    if reason:
        raise NotApplicable(reason)
    chosen = tuple(classes) if classes is not None else (prediction.top(1)[0].index,)
    wanted = torch.tensor([chosen], dtype=torch.int64, device=model.device)
    maps = maps_of_trace(traced.trace, layers, wanted, method)
    scored = [prediction.of(index) for index in chosen]
    return Explanation(
        method=method,
        classes=chosen,
        class_names=tuple(s.name for s in scored),
        scores=tuple(s.score for s in scored),
        probabilities=tuple(s.probability for s in scored),
        maps={name: m[0].float().cpu().numpy() for name, m in maps.items()},
        box=traced.given.box,
        picture_size=traced.image.size,
        input_size=model.card.input_size,
        model_key=model.card.key,
        model_title=model.card.title,
        weights_digest=model.digest,
        image_digest=traced.image.digest,
    )


def suggested_layer(model: LoadedModel) -> str:
    """The layer that class maps use by default; LayerError for a network without feature maps."""
    if model.card.default_layer is not None:
        return model.card.default_layer
    for layer in list_layers(model):
        if layer.suggested:
            return layer.name
    raise LayerError(f"{model.card.title} has no layer with feature maps, so it can have no class map.")


def _prediction(model: LoadedModel, traced: Trace) -> Prediction:
    scores = traced.scores.detach()[0].float().cpu()
    names = model.card.class_names
    if len(names) != len(scores):
        raise ModelError(
            f"{model.card.title} gives {len(scores)} scores, but its card names {len(names)} classes; "
            "give one class name for each output."
        )
    if not np.isfinite(scores.numpy()).all():
        raise ModelError(f"{model.card.title} gives scores that are not numbers; its weights or its input are broken.")
    return Prediction(scores.numpy(), torch.softmax(scores, dim=0).numpy(), names)
