"""From a picture to its prediction and its class maps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from xai_core.attribution.baselines import black_white_baselines
from xai_core.attribution.catalog import find_method
from xai_core.attribution.class_maps import answer, make_target
from xai_core.attribution.method import AttributionRequest
from xai_core.deprecated import renamed_arguments
from xai_core.errors import ImageError, LayerError, ModelError, NotApplicable
from xai_core.forward.forward_pass import ForwardPass, run_forward
from xai_core.models.layers import layers as list_layers
from xai_core.models.preprocess import prepare
from xai_core.models.probability import probabilities
from xai_core.types import Explanation, LoadedModel, ModelInput, Prediction, ProgressCallback, Score, SourceImage


@dataclass(frozen=True, eq=False)
class ImageForwardPass:
    """One picture's pass through one model: the answer to any class, and to any layer in it, without another pass."""

    model: LoadedModel
    image: SourceImage
    given: ModelInput
    forward_pass: ForwardPass
    prediction: Prediction


def predict(model: LoadedModel, image: SourceImage) -> Prediction:
    """Scores and probabilities of all classes for one picture.

    >>> import xai_core as xai
    >>> model, image = xai.load_model("digits"), xai.open_dataset("digits").load(0)
    >>> xai.predict(model, image).top(1)[0].name
    '0'
    """
    return forward_image(model, image, ()).prediction


def forward_image(model: LoadedModel, image: SourceImage, layers: Sequence[str]) -> ImageForwardPass:
    """Run the model once on a picture and keep what `explain_forward_pass` needs for these layers."""
    _refuse_raw(model, image)
    return forward_input(model, image, prepare(model.config, image, model.device), layers)


def forward_input(model: LoadedModel, image: SourceImage, given: ModelInput, layers: Sequence[str]) -> ImageForwardPass:
    """The same for an input that is at hand, such as a changed one; the picture only says what it was made from."""
    image_pass = run_forward(model.module, given.tensor, layers)
    return ImageForwardPass(model, image, given, image_pass, _prediction(model, image_pass))


@renamed_arguments(against="contrast_class")
def explain(
    model: LoadedModel,
    image: SourceImage,
    method: str = "grad_cam",
    layers: Sequence[str] | None = None,
    classes: Sequence[int] | None = None,
    *,
    score: Score = "logit",
    contrast_class: int | None = None,
    settings: Mapping[str, object] | None = None,
    on_progress: ProgressCallback | None = None,
) -> Explanation:
    """Class maps of one picture, raw and signed: `result.maps[layer]` is float32 (k, h, w).

    layers: dotted names; None for the layer that the model suggests. classes: indices; None for the predicted class.
    score, contrast_class: which number is explained, see `Target`. settings: the method's own, by name.
    A pixel-level method gives `result.maps["input"]`.
    ClassError, LayerError, SettingError: no such class, layer or setting. NotApplicable: the method has no meaning.

    >>> import xai_core as xai
    >>> model, image = xai.load_model("digits"), xai.open_dataset("digits").load(0)
    >>> result = xai.explain(model, image, layers=["block2", "block4"], classes=[0, 6])
    >>> {layer: maps.shape for layer, maps in result.maps.items()}
    {'block2': (2, 8, 8), 'block4': (2, 8, 8)}
    """
    _refuse_raw(model, image)
    chosen = find_method(method)
    if layers is None:
        layers = [suggested_layer(model)] if chosen.reads_layers else []
    return explain_forward_pass(
        forward_image(model, image, chosen.layers_read(layers)),
        method,
        layers,
        classes,
        score=score,
        contrast_class=contrast_class,
        settings=settings,
        on_progress=on_progress,
    )


@renamed_arguments(against="contrast_class")
def explain_forward_pass(
    image_pass: ImageForwardPass,
    method: str,
    layers: Sequence[str],
    classes: Sequence[int] | None = None,
    *,
    score: Score = "logit",
    contrast_class: int | None = None,
    settings: Mapping[str, object] | None = None,
    on_progress: ProgressCallback | None = None,
) -> Explanation:
    """Class maps from a pass that was made before; `layers` must be among those that it kept."""
    said = image_pass.model.config.answer
    if score == "log_probability" and said.alone:
        raise NotApplicable(
            "Here each class's probability follows from its own score alone; explain that."
            if said.probable
            else "A measure has no probability; explain its score, which is the number itself."
        )
    if said.kind == "embedding":
        raise NotApplicable(
            f"{image_pass.model.config.title} gives an embedding, and its single numbers mean nothing; explain what "
            "makes the picture like another one: xai.similar_to(model, [image])."
        )
    if classes is None and said.kind == "number":
        classes = [0]
    inputs, forward = image_pass.given.tensor, lambda: image_pass.forward_pass
    target = make_target(forward, inputs, classes, score, contrast_class)
    model, prediction, chosen = image_pass.model, image_pass.prediction, find_method(method)
    read = chosen.layers_read(layers)
    missing = [name for name in read if name not in image_pass.forward_pass.activations]
    if missing:
        kept = ", ".join(image_pass.forward_pass.activations) or "no layer"
        raise LayerError(f"The pass kept {kept}, not layer '{missing[0]}'; trace it as well.")
    request = AttributionRequest(model.module, inputs, read, target, forward, black_white_baselines(model.config))
    maps = answer(chosen, request, settings, on_progress)
    indices = tuple(int(c) for c in target.classes[0])
    scored = [prediction.of(index) for index in indices]
    rival = None if target.contrast_class is None else prediction.of(int(target.contrast_class[0, 0]))
    return Explanation(
        method=chosen.key,
        classes=indices,
        class_names=tuple(s.name for s in scored),
        scores=tuple(s.score for s in scored),
        probabilities=tuple(s.probability for s in scored),
        maps={name: m[0].detach().float().cpu().numpy() for name, m in maps.items()},
        box=image_pass.given.box,
        image_size=image_pass.image.size,
        input_size=model.config.input_size,
        model_key=model.config.key,
        model_title=model.config.title,
        weights_digest=model.digest,
        image_digest=image_pass.image.digest,
        score=target.score,
        contrast_class=None if rival is None else rival.index,
        contrast_class_name=None if rival is None else rival.name,
        settings=asdict(chosen.settings_from(settings)) | ({"layer": read[-1]} if chosen.needs_layer else {}),
        answer=said,
    )


def suggested_layer(model: LoadedModel) -> str:
    """The layer that class maps use by default; LayerError for a network without feature maps."""
    default = model.config.default_layer
    if default is not None and default in dict(model.module.named_modules()):  # a card of anybody's may name another
        return default
    for layer in list_layers(model):
        if layer.suggested:
            return layer.name
    raise LayerError(f"{model.config.title} has no layer with feature maps, so it can have no class map.")


def _refuse_raw(model: object, image: object) -> None:
    """What is most often mixed up: a bare network, and a picture that was not loaded."""
    if not isinstance(model, LoadedModel):
        raise ModelError(
            f"A {type(model).__name__} was given as the model; wrap your network by xai.wrap_model first, or give "
            "tensors to xai.class_maps."
        )
    if not isinstance(image, SourceImage):
        raise ImageError(f"A {type(image).__name__} was given as the picture; load it by xai.load_image first.")


def _prediction(model: LoadedModel, image_pass: ForwardPass) -> Prediction:
    scores = image_pass.scores.detach()[0].float().cpu()
    names = model.config.class_names
    if len(names) != len(scores):
        raise ModelError(
            f"{model.config.title} gives {len(scores)} scores, but its card names {len(names)} classes; "
            "give one class name for each output."
        )
    if not np.isfinite(scores.numpy()).all():
        raise ModelError(
            f"{model.config.title} gives scores that are not numbers; its weights or its input are broken."
        )
    answer = model.config.answer
    return Prediction(scores.numpy(), probabilities(scores, answer).numpy(), names, answer)
