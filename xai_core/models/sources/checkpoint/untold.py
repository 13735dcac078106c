"""What weights do not tell and a network's answers depend on: asked of its owner, and a guess until somebody says."""

from collections.abc import Iterator, Mapping, Sequence

from torch import nn

from xai_core.errors import ModelError
from xai_core.models.source import Untold
from xai_core.models.sources.checkpoint.head import ACTIVATION, ACTIVATIONS, PLACE, set_activations
from xai_core.models.sources.checkpoint.norm_evidence import evidence, norm_misfit, photographs
from xai_core.models.sources.checkpoint.pooling import BODY_END, BODY_ENDS, POOLING, POOLINGS
from xai_core.models.sources.checkpoint.recognise import Proposal
from xai_core.models.sources.checkpoint.stem import STEM, STEMS, fit_stem
from xai_core.types import ModelConfig

SCALING, UNPLACED = "input_scaling", "other_weights"
_PLACES = {"first": "right after the linear layer", "last": "after the norm, before the next linear layer"}
_TITLES = {
    name: {value: title for value, (title, *_) in table.items()}
    for name, table in ((ACTIVATION, ACTIVATIONS), (POOLING, POOLINGS), (BODY_END, BODY_ENDS), (STEM, STEMS))
} | {PLACE: _PLACES}
_HEAD = Untold(
    ACTIVATION,
    "Between the head's linear layers stands",
    _TITLES[ACTIVATION],
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
    scaled = proposal.architecture.key.partition("+")[0] in ("torchvision/googlenet", "torchvision/inception_v3")
    scaled = scaled and proposal.channels == 3 and not proposal.pooled
    return (*_of_body(proposal), *_of_head(proposal), *((_SCALING,) if scaled else ()))


def _of_body(proposal: Proposal) -> Iterator[Untold]:
    pooled = proposal.pooled
    if proposal.unplaced:
        names = ", ".join(f"'{name}'" for name in proposal.unplaced[:3])
        yield Untold(
            UNPLACED,
            "Beside the network, the file holds weights which its answer",
            {"unused": "does not depend on"},
            "unused",
            f"{len(proposal.unplaced)} of the file's tensors have no place in the network ({names}"
            f"{' …' if len(proposal.unplaced) > 3 else ''}): that they are not used was assumed.",
        )
    if proposal.stem:
        yield _choice(
            STEM,
            "The first convolution goes in",
            tuple(STEMS),
            proposal.stem,
            "Weights do not tell how the first layers step over the picture",
        )
    if pooled and pooled.open_end:
        yield _choice(
            BODY_END,
            "After the last batch norm of the body stands",
            tuple(BODY_ENDS),
            "none",
            "Weights do not tell whether a ReLU follows the body",
        )
    if pooled and pooled.options:
        yield _choice(
            POOLING,
            "The head reads, of the body's maps",
            pooled.options,
            pooled.options[0],
            "Weights do not tell how the body's maps are pooled",
        )


def _of_head(proposal: Proposal) -> Iterator[Untold]:
    head = proposal.head
    if head and head.slots:
        yield _HEAD
    if head and any(len(places) > 1 for places in head.slots):
        yield _choice(
            PLACE, "In the head, it stands", tuple(_PLACES), "first" if head.numbered else "last", "Nor where it stands"
        )


def _choice(name: str, question: str, options: Sequence[str], assumed: str, why: str) -> Untold:
    titles = {value: _TITLES[name][value] for value in options}
    return Untold(name, question, titles, assumed, f"{why}: {titles[assumed].partition(' (')[0]} was assumed.")


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
    if proposal.head and ACTIVATION in values:
        head = network.get_submodule("head" if proposal.pooled else proposal.place)
        set_activations(head, proposal.head, values[ACTIVATION], values.get(PLACE, "last"))
    if POOLING in values:
        network.set_submodule("pool", POOLINGS[values[POOLING]][1]())
    if BODY_END in values:
        network.set_submodule("body_end", BODY_ENDS[values[BODY_END]][1]())
    if STEM in values:
        fit_stem(network, proposal.architecture, proposal.tensors, values[STEM])
    if SCALING in values:
        network.transform_input = values[SCALING] == "imagenet"  # type: ignore[assignment]  # torchvision's own switch
    return network.eval()


def _possible(known: Mapping[str, Untold]) -> str:
    return f"it may settle {', '.join(known)}" if known else "leave it out"
