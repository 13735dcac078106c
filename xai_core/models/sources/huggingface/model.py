"""A model from a package of the HuggingFace hub and a card: what `xai_core.open_huggingface` gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.class_names import is_plain
from xai_core.models.device import pick_device
from xai_core.models.load import loaded, names_for, names_until_told
from xai_core.models.source import ANOTHER_VISIT, BuiltFile, FileKind, ModelFile, ModelSource
from xai_core.models.sources.checkpoint.reading import read_safetensors
from xai_core.models.sources.config_file import (
    LARGEST_SIDE,
    SMALLEST_SIDE,
    carded,
    config_of,
    read_file,
    refuse_other_count,
)
from xai_core.models.sources.huggingface.package import Package, package_in, package_of
from xai_core.models.sources.huggingface.picture_rule import PictureRule, picture_rule
from xai_core.models.sources.huggingface.timm_package import is_timm, timm_network, timm_rule_of
from xai_core.models.sources.huggingface.transformers_network import is_known, network_of
from xai_core.types import Answer, AnswerKind, LoadedModel, ModelConfig

HUGGINGFACE = "huggingface"  # what a card names as the architecture
OWN = "own/huggingface-"  # before the keys of networks from such packages
_MOST_TOKENS = 2**18


def open_huggingface(
    source: Path | str | bytes,
    *,
    config: ModelConfig | Path | str | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """An image classifier that transformers or timm saved: a folder or a zip with config.json and model.safetensors.

    Pictures are prepared as preprocessor_config.json says, and classes are called as id2label says. No code of the
    package is run, and nothing is fetched.
    config: another card, or the YAML file of one. class_names: instead of the package's own.
    ModelError: unreadable or hostile, no image classifier, or transformers is missing.
    """
    found, title = _from(source)
    given = config_of(config, title)
    made = given or _config_for(found, title, class_names)
    refuse_other_count(made, found.classes, len(found.rule.mean))
    return carded(loaded(made, found.network, pick_device(device)), made, OWN)


@dataclass(frozen=True, eq=False)
class _Found:
    """kind: what the screen calls the network. rule: for pictures. names: of the classes."""

    network: nn.Module
    kind: str
    rule: PictureRule
    names: tuple[str, ...]
    kind_of_answer: AnswerKind

    @property
    def classes(self) -> int:
        return len(self.names)


def _from(source: Path | str | bytes) -> tuple[_Found, str]:
    if isinstance(source, bytes):
        return _found(package_of(source)), "Your model"
    path = Path(source)
    if path.is_dir():
        return _found(package_in(path)), path.resolve().name
    data, title = read_file(path)
    return _found(package_of(data)), title


def _found(package: Package) -> _Found:
    config = package.config
    tensors = read_safetensors(package.weights)
    if is_timm(config):
        network, kind = timm_network(config, tensors)
        rule = timm_rule_of(config, network)
    elif is_known(config):
        rule = picture_rule(package.preparation, config)
        _refuse_many_tokens(config, rule)
        network, kind = network_of(config, tensors), f"transformers {config['model_type']}"
    else:
        raise ModelError("The config.json is neither transformers' nor timm's: it has no model_type or architecture.")
    count = _outputs(network, rule)
    answers: AnswerKind = "several" if config.get("problem_type") == "multi_label_classification" else "one"
    return _Found(network, kind, rule, _names(config, count), answers)


def _refuse_many_tokens(config: Mapping[str, Any], rule: PictureRule) -> None:
    """ModelError where a picture is cut into so many pieces that attention between them would not end."""
    patch = config.get("patch_size")
    side = patch if isinstance(patch, int) and patch > 0 else max(SMALLEST_SIDE // 2, 1)
    pieces = (rule.input_size[0] // side) * (rule.input_size[1] // side)
    if pieces > _MOST_TOKENS:
        raise ModelError(f"The network cuts a picture into {pieces} pieces; up to {_MOST_TOKENS} are computed.")


def _outputs(network: nn.Module, rule: PictureRule) -> int:
    """How many scores it gives. ModelError where it cannot run on the size that the package says."""
    height, width = rule.input_size
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in rule.input_size):
        raise ModelError(
            f"The package says that the network reads {height} × {width} pixels; sides of {SMALLEST_SIDE} to "
            f"{LARGEST_SIDE} are allowed."
        )
    try:
        with torch.no_grad():
            scores = network(torch.zeros(1, len(rule.mean), height, width))
    except Exception as error:  # how networks refuse a size
        raise ModelError(f"The network cannot run on the {height} × {width} pixels that its package says.") from error
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise ModelError(f"The network answers with {tuple(scores.shape)}; a classifier gives a score for each class.")
    return int(scores.shape[1])


def _names(config: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """Those of id2label or timm's label_names, each once; by number where there are none for every class."""
    numbered = config.get("id2label")
    told = config.get("label_names")
    if isinstance(numbered, dict):
        told = [numbered.get(str(index)) for index in range(count)]
    if not isinstance(told, list) or len(told) != count:
        return names_until_told(count)
    if not all(isinstance(name, str) and name.strip() and is_plain(name) for name in told):
        return names_until_told(count)
    often = Counter(told)
    if count == 1 and told[0] == "LABEL_0":  # what transformers calls it where nobody did
        return names_until_told(1)
    return tuple(f"{name} ({index})" if often[name] > 1 else name for index, name in enumerate(told))


def _config_for(found: _Found, title: str, class_names: Sequence[str] | None = None) -> ModelConfig:
    """The card that the package says. ModelError: another number of names than classes."""
    return ModelConfig(
        key=f"{OWN}{title}",
        title=title,
        source=f"a package of {found.kind}",
        licence="the owner's",
        input_size=found.rule.input_size,
        mean=found.rule.mean,
        std=found.rule.std,
        resize=found.rule.resize,
        class_names=names_for(found.classes, class_names or found.names),
        notes=found.rule.notes,
        channel_order=found.rule.order,
        architecture=HUGGINGFACE,
        answer=Answer(found.kind_of_answer),
    )


def _read(data: bytes, title: str) -> ModelFile:
    """The package is its own only architecture, and is kept as it is."""
    found = _found(package_of(data))

    def built(_architecture: str) -> BuiltFile:
        model = loaded(_config_for(found, title), found.network, pick_device())
        return BuiltFile(HUGGINGFACE, found.kind, model, "Every weight has its place in the network that it names.")

    return ModelFile((HUGGINGFACE,), built, notes=found.rule.notes, original=data)


def _network(path: Path, config: ModelConfig) -> nn.Module:
    """The network of a package that has a card; ModelError also where the card names another number of classes."""
    found = _found(package_of(read_file(path)[0]))
    refuse_other_count(config, found.classes, len(found.rule.mean))
    return found.network


SOURCE = ModelSource(
    OWN,
    "yours",
    opens=FileKind(
        "From **HuggingFace** (transformers or timm): a `.zip` of the folder with config.json and model.safetensors.",
        (".zip",),
        _read,
        _network,
    ),
    missing=ANOTHER_VISIT,
    python='xai.open_huggingface("your-folder-or.zip", config="your-card.yaml")',
)
