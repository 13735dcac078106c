"""Several architectures may fit the same weights: do they answer alike, and if not, what tells them apart?"""

import re
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from xai_core.models.source import Alternative
from xai_core.models.sources.checkpoint.architectures import shapes_of
from xai_core.models.sources.checkpoint.norm_evidence import evidence, norm_misfit
from xai_core.models.sources.checkpoint.recognise import Proposal, network_of
from xai_core.models.sources.checkpoint.untold import settle

MOST = 4  # that are built and run
_SAME = 1e-3  # of the largest score


def alternatives(
    network: nn.Module,
    input_shape: tuple[int, ...],
    others: Iterable[Proposal],
    shown: Tensor | None = None,
) -> tuple[Alternative, ...]:
    """The first few others against `network`, on one random input (1, c, H, W). shown: photographs, as evidence."""
    given = torch.rand(input_shape, generator=torch.Generator().manual_seed(0)) - 0.5
    found = []
    for proposal in list(others)[:MOST]:
        try:
            other = settle(network_of(proposal), proposal, {})
            same = _same(_scores(network, given), _scores(other, given))
            said = None if same else evidence(norm_misfit(network, shown), norm_misfit(other, shown))
        except Exception:  # networks refuse a size in ways that no list ends
            continue
        difference = None if same else _first_difference(network, other)
        found.append(Alternative(proposal.architecture.key, same, difference, said))
    return tuple(found)


def _scores(network: nn.Module, given: Tensor) -> Tensor:
    with torch.no_grad():
        scores: Tensor = network(given)
    return scores


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one - other).abs().max() <= _SAME * one.abs().max().clamp(min=1e-6))


def _first_difference(one: nn.Module, other: nn.Module) -> str | None:
    mine, theirs = dict(one.named_modules()), dict(other.named_modules())
    for weight in shapes_of(one):
        name = weight.rpartition(".")[0]
        if name in theirs and _words(mine[name]) != _words(theirs[name]):
            return f"{name} {_instead(theirs[name], mine[name])}"
    return None


def _instead(there: nn.Module, here: nn.Module) -> str:
    """What the one layer has and the other has not: only the settings that differ where both are of one kind."""
    settings, others = _settings(there), _settings(here)
    if type(there) is not type(here) or len(settings) != len(others):
        return f"is {_words(there)}, not {_words(here)}"
    apart = [(one, other) for one, other in zip(settings, others, strict=True) if one != other]
    return f"has {', '.join(one for one, _ in apart)}, not {', '.join(other for _, other in apart)}"


def _settings(layer: nn.Module) -> list[str]:
    """Such as "stride=(2, 2)"; commas within brackets part nothing."""
    return re.split(r", (?![^(]*\))", layer.extra_repr())


def _words(layer: nn.Module) -> str:
    return " ".join(repr(layer).split())[:120]
