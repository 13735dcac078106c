"""What weights do not tell and a network's answers depend on: asked of its owner, and a guess until somebody says."""

from collections.abc import Callable, Mapping
from itertools import pairwise

from torch import nn

from xai_core.errors import ModelError
from xai_core.models.source import Untold
from xai_core.models.sources.checkpoint.norm_evidence import evidence, norm_misfit, photographs
from xai_core.models.sources.checkpoint.recognise import Proposal
from xai_core.types import ModelConfig

HEAD, SCALING = "head_activation", "input_scaling"
# The names as cards have them, the titles on screen.
ACTIVATIONS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "relu": ("ReLU", nn.ReLU),
    "gelu": ("GELU", nn.GELU),
    "silu": ("SiLU (Swish)", nn.SiLU),
    "tanh": ("Tanh", nn.Tanh),
    "leaky_relu": ("Leaky ReLU (0.01)", nn.LeakyReLU),
    "elu": ("ELU", nn.ELU),
    "selu": ("SELU", nn.SELU),
    "hardswish": ("Hardswish", nn.Hardswish),
    "sigmoid": ("Sigmoid", nn.Sigmoid),
    "none": ("nothing, or dropout alone", nn.Identity),
}
_HEAD = Untold(
    HEAD,
    "Between the head's linear layers stands",
    {name: title for name, (title, _) in ACTIVATIONS.items()},
    "relu",
    "Weights do not tell what stands between the linear layers of the head: a ReLU was assumed.",
)
_SCALING = Untold(
    SCALING,
    "Inside, the network scales its input",
    {"none": "not at all", "imagenet": "from ImageNet's mean and spread to −1 to 1, as torchvision's own weights need"},
    "none",
    "Weights do not tell whether the network scales its input again (transform_input): none was assumed, and those "
    "fine-tuned from torchvision's own weights do.",
)


def untold(proposal: Proposal) -> tuple[Untold, ...]:
    """What nobody can know from these weights; empty for most networks."""
    layers = proposal.head_layers
    apart = any(int(second) - int(first) > 1 for first, second in pairwise(layers) if layers != ("",))
    scaled = proposal.architecture.key.partition("+")[0] in ("torchvision/googlenet", "torchvision/inception_v3")
    return (*((_HEAD,) if apart else ()), *((_SCALING,) if scaled and proposal.channels == 3 else ()))


def in_use(proposal: Proposal, said: Mapping[str, str]) -> dict[str, str]:
    """A value for all that is untold: what was said, else what is assumed. ModelError: no such thing or value."""
    known = {one.name: one for one in untold(proposal)}
    for name, value in said.items():
        if name not in known:
            raise ModelError(
                f"The card settles '{name[:40]}', which is no question for these weights of "
                f"{proposal.architecture.key}; {_possible(known)}."
            )
        if value not in known[name].options:
            raise ModelError(f"The card's {name} is '{value[:40]}'; it may be {', '.join(known[name].options)}.")
    return {name: said.get(name, one.assumed) for name, one in known.items()}


def caution(proposal: Proposal, said: Mapping[str, str]) -> str:
    """What must stand beside the answers while something is assumed; empty where all is said."""
    open_ones = [one for one in untold(proposal) if one.name not in said]
    if not open_ones:
        return ""
    names = " and ".join(one.name for one in open_ones)
    return (
        " ".join(one.reason for one in open_ones) + " Scores and maps are wrong if it was otherwise: choose it on the "
        f"Models page, or settle {names} in the card."
    )


def verified(network: nn.Module, proposal: Proposal, config: ModelConfig) -> dict[str, str]:
    """What the batch norms tell after all, {name: value}; the network may be left with either. Empty for most."""
    if all(one.name != SCALING for one in untold(proposal)):
        return {}
    shown, given = photographs(config), in_use(proposal, {})
    as_given, scaled = (
        norm_misfit(settle(network, proposal, given | {SCALING: value}), shown) for value in _SCALING.options
    )
    found = evidence(as_given, scaled)
    return {} if found is None else {SCALING: "imagenet" if found == "for" else "none"}


def settle(network: nn.Module, proposal: Proposal, said: Mapping[str, str]) -> nn.Module:
    """The same network with what was said or is assumed in its places."""
    values = in_use(proposal, said)
    if HEAD in values:
        head = network.get_submodule(proposal.architecture.heads[0])
        for first, second in pairwise(proposal.head_layers):
            if int(second) - int(first) > 1:
                setattr(head, str(int(first) + 1), ACTIVATIONS[values[HEAD]][1]())
    if SCALING in values:
        network.transform_input = values[SCALING] == "imagenet"  # type: ignore[assignment]  # torchvision's own switch
    return network.eval()


def _possible(known: Mapping[str, Untold]) -> str:
    return f"it may settle {', '.join(known)}" if known else "leave it out"
