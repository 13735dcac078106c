"""Eigen-CAM: the strongest pattern among the channels, whatever the class (Muhammad & Yeasin 2020)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xai_core.attribution.method import AttributionRequest, Method, setting
from xai_core.forward.target import target_scores
from xai_core.types import ProgressCallback


@dataclass(frozen=True)
class Settings:
    channels: str = setting(
        "as they are",
        "Channels",
        options=("as they are", "centred"),
        help="Centred: only what differs between places. The paper takes them as they are, some tools centre them.",
    )


def eigen_cam(activations: Tensor, centred: bool = False) -> Tensor:
    """(n, c, h, w) activations to the map (n, h, w): their projection on the first right singular vector.

    The vector's sign means nothing; it is chosen so that the place of largest magnitude is positive, which makes the
    map of a layer behind a ReLU positive everywhere. pytorch-grad-cam centres the channels first and leaves the sign.
    """
    n, _, h, w = activations.shape
    places = activations.flatten(2).transpose(1, 2).cpu().double()  # (n, h*w, c)
    if centred:
        places = places - places.mean(dim=1, keepdim=True)
    if places.shape[1] <= places.shape[2]:  # the smaller of the two products has the same singular values
        values, vectors = torch.linalg.eigh(places @ places.transpose(1, 2))
        projected = vectors[..., -1] * values[..., -1:].clamp(min=0).sqrt()
    else:
        vectors = torch.linalg.eigh(places.transpose(1, 2) @ places).eigenvectors
        projected = (places @ vectors[..., -1:]).squeeze(2)
    strongest = projected.gather(1, projected.abs().argmax(dim=1, keepdim=True))
    turned: Tensor = projected * strongest.sign()
    return turned.view(n, h, w).to(activations)


def _answer(request: AttributionRequest, settings: Settings, on_progress: ProgressCallback) -> dict[str, Tensor]:
    target_scores(request.forward_pass.scores, request.target)  # refuses unknown classes
    classes = request.target.classes.shape[1]
    maps: dict[str, Tensor] = {}
    for name in request.layers:
        pattern = eigen_cam(request.forward_pass.activations[name].detach(), settings.channels == "centred")
        maps[name] = pattern[:, None].repeat(1, classes, 1, 1)
        on_progress(len(maps), len(request.layers))
    return maps


METHOD = Method(
    key="eigen_cam",
    title="Eigen-CAM",
    paper="Muhammad & Yeasin, Eigen-CAM: Class Activation Map using Principal Components, IJCNN 2020",
    about="The strongest pattern in the layer's channels, without regard to any class.",
    reading="The stronger the colour of a place, the more the layer's main pattern shows there. No class was asked, so "
    "this is no evidence for or against one.",
    answer=_answer,
    settings=Settings,
    class_sensitive=False,
    caveat="It shows what the layer responds to most, not what speaks for a class: it is the same for all classes.",
)
