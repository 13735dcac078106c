"""Would any network give this map? The cascading randomisation of Adebayo et al., Sanity Checks, NeurIPS 2018.

A copy of the same structure forgets what it learned, from the classifier down; the original stays untouched.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xai_core.errors import ModelError
from xai_core.evaluation.check import Axis, Check, Curves, Drawing, Line, MapRow, NamedMap
from xai_core.evaluation.map_under_test import MapUnderTest, Remake, refuse_empty
from xai_core.evaluation.similarity import ALIKE, SAME, Similarity, level_of_another, similarity
from xai_core.models.isolate import isolated
from xai_core.render.recipe import signed
from xai_core.types import LoadedModel, ModelInput, ProgressCallback, no_progress

POINTS = 6


@dataclass(frozen=True, eq=False)
class Step:
    """down_to: the lowest layer with fresh weights. share: of all stages, (0, 1]. values: that copy's map (h, w)."""

    down_to: str
    share: float
    values: np.ndarray
    similarity: Similarity


@dataclass(frozen=True, eq=False)
class ParameterRandomisation:
    """The steps from the classifier alone down to the whole network."""

    steps: tuple[Step, ...]

    @property
    def resemblance(self) -> float:
        """The mean rank correlation while the upper half forgets: near 1 for a map that does not need what was learned.

        Further down chance takes over: any two smooth maps of a few cells may resemble each other, or be opposites.
        """
        upper = self.steps[: -(-len(self.steps) // 2)]
        return float(np.mean([step.similarity.rank_correlation for step in upper]))


def parameter_randomisation(
    model: LoadedModel,
    given: ModelInput,
    values: np.ndarray,
    remake: Remake,
    class_index: int,
    *,
    magnitude: bool = False,
    points: int = POINTS,
    seed: int = 0,
    on_progress: ProgressCallback = no_progress,
) -> ParameterRandomisation:
    """Compare a map (h, w) with those of copies that forgot more and more, from the top down: `points` maps, one pass.

    magnitude: see `comparable`. The steps are spread evenly over the stages, the first and the last always among them.
    """
    refuse_empty(values)
    found = stages(model.module, given.tensor)[::-1]
    chosen = np.unique(np.linspace(0, len(found) - 1, min(points, len(found))).round().astype(int))
    steps: list[Step] = []
    randomised, forgotten = model.module, 0
    for last in chosen:
        fresh = [name for stage in found[forgotten : last + 1] for name in stage]
        randomised = randomised_copy(randomised, fresh, seed)  # what it has forgotten before stays as it is
        forgotten = last + 1
        theirs = remake(randomised, given.tensor, [class_index])[0, 0]
        alike = similarity(values, np.nan_to_num(theirs), magnitude=magnitude)
        steps.append(Step(found[last][0], (last + 1) / len(found), theirs, alike))
        on_progress(len(steps), len(chosen))
    return ParameterRandomisation(tuple(steps))


def stages(module: nn.Module, inputs: Tensor) -> list[tuple[str, ...]]:
    """The names of all modules that hold weights, in the order in which they ran on `inputs`, grouped into stages.

    A stage is a child of the network, or of a sequence in it, or of a child that is most of the network. Normalisations
    go with what ran before them, modules that are read and never called (the last layer of an attention) with whoever
    holds them, and what the network holds by itself, as tokens and positions (named ""), with the lowest stage.
    """
    groups: list[list[str]] = []
    by_itself: list[str] = []
    last = None
    callers = _callers(module, inputs)
    held = Counter(holder for name in callers for holder in _around(name))
    for name, caller in callers.items():
        if not caller:
            by_itself.append(name)
            continue
        stage = _stage(module, caller, held)
        if stage != last and not (groups and _norm(module.get_submodule(name))):
            groups.append([])
            last = stage
        groups[-1].append(name)
    if len(groups) <= 2:
        groups = [[name] for name, caller in callers.items() if caller]
    if by_itself:
        groups = [[*(groups[0] if groups else []), *by_itself], *groups[1:]]
    return [tuple(names) for names in groups]


def randomised_copy(module: nn.Module, names: Sequence[str], seed: int) -> nn.Module:
    """A private copy in which the modules `names` have fresh weights; all other tensors are shared with `module`.

    Weights are drawn as PyTorch's own layers draw them (uniform, variance 1 / (3 fan-in)), tokens and positions by
    their width; biases are 0, normalisations and other scales 1, so that what the layers below still know is scaled,
    not drowned, and no branch is switched off. A name always gets the same weights from one seed, however many others
    are fresh.
    """
    copy = isolated(module, list(names))
    for name in names:
        generator = torch.Generator().manual_seed(_own_seed(name, seed))
        _forget(copy.get_submodule(name), generator)
    return copy


def _own_seed(name: str, seed: int) -> int:
    return (seed * 1_000_003 + sum((i + 1) * ord(c) for i, c in enumerate(name))) % 2**63


def _forget(part: nn.Module, generator: torch.Generator) -> None:
    for key, old in list(part._parameters.items()):
        if old is not None:  # set by name, as a recurrent layer keeps a list of its weights besides
            setattr(part, key, nn.Parameter(_fresh(part, key, old, generator), requires_grad=False))
    for key, value in (("running_mean", 0.0), ("running_var", 1.0)):
        known = part._buffers.get(key)
        if known is not None:
            part._buffers[key] = torch.full_like(known, value)


def _fresh(part: nn.Module, key: str, old: Tensor, generator: torch.Generator) -> Tensor:
    weight = key.endswith("weight")
    if key.endswith("bias") or (_norm(part) and not weight):
        return torch.zeros_like(old)
    if isinstance(part, nn.PReLU):
        return torch.full_like(old, 0.25)  # PyTorch's own; at 1 it would be no activation
    if _norm(part) or old.ndim < 2 or (old[0].numel() == 1 and not weight):
        return torch.ones_like(old)
    embedding = len(old) == 1 and not weight
    bound = 1 / math.sqrt(old.shape[-1] if embedding else old[0].numel())
    drawn = torch.empty(old.shape).uniform_(-bound, bound, generator=generator)
    return drawn.to(old)


def _norm(part: nn.Module) -> bool:
    return "Norm" in type(part).__name__


def _stage(module: nn.Module, name: str, held: Mapping[str, int]) -> str:
    """held: how many of the modules with weights are within each."""
    parts = name.split(".")
    for depth in range(1, len(parts)):
        holder = ".".join(parts[:depth])
        if isinstance(module.get_submodule(holder), nn.Sequential | nn.ModuleList):
            return ".".join(parts[: depth + 1])
        if 2 * held[holder] <= held[""]:
            return holder
    return name


def _callers(module: nn.Module, inputs: Tensor) -> dict[str, str]:
    """Of each module with weights of its own the nearest that was called, it or one around it, in order of the calls.

    A module counts when it was entered: what it holds by itself is read no later than what is in it.
    """
    names = [name for name, part in module.named_modules() if part._parameters]
    if not names:
        raise ModelError("The network holds no weights that could be drawn anew; this check needs a trained network.")
    around = {name: _around(name) for name in names}
    heard = {caller for callers in around.values() for caller in callers}
    copy, entered = isolated(module, heard), dict[str, None]()
    for name in heard:
        copy.get_submodule(name).register_forward_pre_hook(lambda *_, name=name: entered.setdefault(name))
    with torch.inference_mode(False), torch.no_grad():
        copy(inputs)
    callers = {name: next(caller for caller in around[name] if caller in entered) for name in names}
    order = list(entered)
    return dict(sorted(callers.items(), key=lambda item: order.index(item[1])))


def _around(name: str) -> list[str]:
    """A module and all that hold it, from itself to the network, whose name is empty."""
    parts = name.split(".") if name else []
    return [".".join(parts[:depth]) for depth in range(len(parts), -1, -1)]


def _run(tested: MapUnderTest, on_progress: ProgressCallback) -> ParameterRandomisation:
    p, (remake, one_more) = tested.image_pass, tested.again_and_again(POINTS, on_progress)
    requested = (p.model, p.given, tested.values, remake, tested.class_index)
    return parameter_randomisation(*requested, magnitude=tested.pixels, on_progress=one_more)


def _summary(found: ParameterRandomisation, _tested: MapUnderTest) -> str:
    return (
        f"When the network forgets what it learned, the map's likeness to this one is **{signed(found.resemblance)}**."
    )


def _details(found: ParameterRandomisation, _tested: MapUnderTest) -> str:
    last = found.steps[-1].similarity
    return (
        "We let a copy of the network forget what it learned, from the classifier down. While its upper half forgets, "
        f"its map's likeness to this one is **{signed(found.resemblance)}** on average; when all is forgotten it is "
        f"{signed(last.rank_correlation)}. Likeness is rank correlation: 1 for the same order of places, 0 for no "
        "relation."
    )


def _chart(found: ParameterRandomisation, _tested: MapUnderTest) -> tuple[Drawing, ...]:
    """The copies' maps: the classifier gone, half of the network gone, everything gone; and every step."""
    steps = found.steps
    picked = {0: "classifier forgot", (len(steps) - 1) // 2: "upper half forgot", len(steps) - 1: "all forgot"}
    row = tuple(
        NamedMap(f"{name}: {signed(steps[at].similarity.rank_correlation)}", steps[at].values)
        for at, name in picked.items()
    )
    return (MapRow("twins", row), _every_step(found))


def _every_step(found: ParameterRandomisation) -> Curves:
    """Rank correlation and structural similarity with this map, as more and more is forgotten."""
    shares, names = (tuple(f"{step.share:.0%}" for step in found.steps), tuple(step.down_to for step in found.steps))
    ranks = tuple(step.similarity.rank_correlation for step in found.steps)
    told = "; ".join(f"{share} {signed(rank)}" for share, rank in zip(shares, ranks, strict=True))
    return Curves(
        "steps",
        "At every step: how alike the twin's map is. A map that needs the network falls to 0. Forgotten down to: "
        f"{', '.join(f'{name} ({share})' for name, share in zip(names, shares, strict=True))}.",
        (
            Line("rank correlation", shares, ranks, "measure", names),
            Line("structural similarity", shares, tuple(s.similarity.ssim for s in found.steps), "measure", names),
        ),
        Axis("share of the stages forgotten, from the classifier down", kind="name"),
        Axis("likeness", (-1.05, 1.05), "number"),
        f"Rank correlation with the map of a network that forgot more and more: {told}",
    )


CHECK = Check(
    key="parameter_randomisation",
    question="Would any network give this map?",
    doing="Maps of networks that forgot",
    run=_run,
    level=lambda found: level_of_another(found.resemblance),
    meanings={
        "good": "The map depends on what the network has learned. One random twin is a spot check, no proof.",
        "unclear": "Part of the map would look like this in a network that has forgotten what it learned.",
        "bad": "A network that has forgotten what it learned gives nearly the same map: it draws the picture, not the "
        "model.",
    },
    threshold=f"**Network**: the mean likeness while the upper half forgets; passes up to {ALIKE}, fails above {SAME}.",
    summary=_summary,
    details=_details,
    chart=_chart,
    passes=25,
    maps=POINTS,
    source="Adebayo et al. 2018 (randomisation)",
)
