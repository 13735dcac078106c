"""What makes two pictures alike, for a network that gives an embedding: its cosine with references is the score."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import torch

from xai_core.errors import ImageError, ModelError
from xai_core.models.answer import scores_of
from xai_core.models.answering import compared_with
from xai_core.models.preprocess import prepare
from xai_core.types import Answer, LoadedModel, SourceImage


def similar_to(model: LoadedModel, images: Sequence[SourceImage]) -> LoadedModel:
    """The network with one score in [-1, 1] for each reference picture: the cosine of both embeddings.

    Everything that explains a class's score then explains what makes a picture like that reference; layers keep their
    names and weights are shared. Any network will do; of a classifier the scores are the embedding.
    ImageError: no reference. ModelError: the network gives a reference no finite vector, or a vector of zeros.
    """
    if not images:
        raise ImageError("There is no picture to compare with; give at least one.")
    if model.config.answer.kind == "likeness":
        raise ModelError("The network compares with pictures already; give the one that it was made from.")
    given = torch.cat([prepare(model.config, image, model.device).tensor for image in images])
    with torch.no_grad():
        vectors = scores_of(model.module(given), len(given)).float()
    if not bool(vectors.isfinite().all()) or not bool(vectors.norm(dim=1).all()):
        raise ModelError(f"{model.config.title} gives a reference no direction (zeros or no finite numbers).")
    names = [image.name for image in images]
    named = [name if names.count(name) == 1 else f"{name} ({at + 1})" for at, name in enumerate(names)]
    digest = hashlib.sha256("\n".join(image.digest for image in images).encode()).hexdigest()[:16]
    config = replace(
        model.config,
        key=f"{model.config.key}~{digest}",
        class_names=tuple(named),
        answer=Answer("likeness", output=model.config.answer.output),
    )
    return LoadedModel(config, compared_with(model.module, vectors), model.device, f"{model.digest}-{digest}")
