"""What must hold at every layer of a network, by numbers of its own: places by marks, maps by plain autograd."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

import xai_core as xai
from xai_core.errors import SightlineError
from xai_core.forward.mixing import mixing
from xai_core.models.grid import Grid, from_maps, readings, to_maps
from xai_core.models.layouts import calls, layouts

Size = tuple[int, int, int]

CLASS = 1
_PLACES = tuple(product((0.1, 0.5, 0.9), (0.1, 0.5, 0.9)))  # of marks, as shares of height and width
_MOST = 1e-4  # a map may be so far off, of its largest value


@dataclass
class Report:
    """trouble: one sentence each. listed, maps: layers. refused: {reason: layers that are not listed}.

    doubtful: layers that are refused though marks show in their places. weak: listed ones whose places only the
    gradient shows. no_gradient: listed ones of which autograd has none, or zeros.
    """

    listed: int = 0
    maps: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    doubtful: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    no_gradient: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


def check(network: nn.Module, size: Size, inputs: Tensor) -> Report:
    """network: in eval mode, with five classes. inputs: (1, c, H, W) of this size."""
    report = Report()
    names = list("abcde")
    model = xai.wrap_model(network, input_size=size[1:], mean=(0.5,) * size[0], std=(0.5,) * size[0], class_names=names)
    listed = {layer.name: layer for layer in xai.layers(model)}
    report.listed = len(listed)
    if mixing(network, inputs) is not None:
        report.trouble.append("pictures are said to change each other's answers")
    if not listed:
        report.trouble.append("no layer is listed")
    counts = Counter(call.name for call in calls(network, (1, *size)))
    once = {call.name: call for call in calls(network, (1, *size)) if counts[call.name] == 1}
    found = layouts(network, (1, *size), once)
    _check_places(network, size, found, {name: call.shape for name, call in once.items()}, list(listed), report)
    report.refused["runs more than once"] = sum(count > 1 for count in counts.values())
    report.refused.update(reason_of(layout) for layout in found.values() if isinstance(layout, str))
    if listed:
        suggested = next((name for name, layer in listed.items() if layer.suggested), None)
        if suggested is None:
            report.trouble.append("no layer is suggested")
        _check_maps(network, inputs, {name: found[name] for name in listed}, suggested, report)
    return report


def reason_of(sentence: str) -> str:
    """The sentence without names and numbers."""
    bare = re.sub(r"'[^']*'", "X", re.sub(r"\([^)]*\)", "S", sentence))
    return bare.split(", ", 1)[-1].split("; ")[0][:90]


def _check_places(
    network: nn.Module,
    size: Size,
    found: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    listed: Sequence[str],
    report: Report,
) -> None:
    asked: dict[str, list[Grid]] = {}
    for name, layout in found.items():
        if name in listed:
            asked[name] = [layout] if isinstance(layout, Grid) else []
        elif isinstance(layout, str):
            asked[name] = list(readings(shapes[name], size[1:]))
    shown = marks_show(network, size, asked)
    report.doubtful = [name for name in shown if name not in listed and shown[name]]
    left = [name for name in listed if not shown.get(name)]
    if left:
        for late, draws in ((False, 1), (True, 1), (False, 6), (True, 6)):
            if left:
                sharp = sharpened(network, late)
                shown = marks_show(sharp, size, {name: asked[name] for name in left}, draws)
                left = [name for name in left if not shown.get(name)]
        report.weak = left
        sharp = sharpened(network)
        report.trouble += [
            f"{name}: {asked[name]} is listed, but no mark shows in its place"
            for name in report.weak
            if not asked[name]
            or not (_in_its_block(sharp, size, name, found) or _by_gradient(sharp.double(), size, name, asked[name][0]))
        ]


def sharpened(network: nn.Module, late: bool = False) -> nn.Module:
    """A copy whose kernels and attention look near; where the places lie stays the same.

    A kernel of random weights that is as wide as the grid mixes all places, and one alone moves them; random queries
    and keys look anywhere. late: kernels of two taps whose padding was added before have their place in the last.
    """
    copy = deepcopy(network)
    for part in list(copy.modules()):
        if isinstance(part, nn.Conv2d) and _overlaps(part):
            axes = [torch.arange(k) - middle for k, middle in zip(part.kernel_size, _middle(part, late), strict=True)]
            part.weight.data *= torch.exp(-2 * (axes[0][:, None] ** 2 + axes[1] ** 2))
        for name, child in part.named_children():  # averages again and again leave nothing in its place
            if isinstance(child, nn.AvgPool2d) and child.stride == 1:
                setattr(part, name, _Near(child))
        biases = part._parameters.get("attention_biases")  # of LeViT and its kind, by distance, the place itself first
        if biases is not None:
            biases.data[:, 0] += 1e9
    return copy.train().eval()  # some keep what they made of their biases until they are trained


class _Near(nn.Module):
    """An average over neighbours that gives most to the place itself."""

    def __init__(self, pool: nn.AvgPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, maps: Tensor) -> Tensor:
        near: Tensor = 0.9 * maps + 0.1 * self.pool(maps)
        return near


def _overlaps(part: nn.Conv2d) -> bool:
    """Patches, which have no middle, do not."""
    return all(k > s or k == s == 1 for k, s in zip(part.kernel_size, part.stride, strict=True))


def _middle(part: nn.Conv2d, late: bool) -> list[int]:
    """The tap that reads the place itself; of an even kernel the padding says which, and it may lie at the edge."""
    padding = part.padding if isinstance(part.padding, tuple) else (0, 0)
    return [
        k // 2 if k % 2 else min(p, k - 1) if p or not late else k - 1
        for k, p in zip(part.kernel_size, padding, strict=True)
    ]


def marks_show(
    network: nn.Module, size: Size, asked: Mapping[str, Sequence[Grid]], draws: int = 1
) -> dict[str, list[Grid]]:
    """{layer: the grids of it in whose right cells marks show}, of layers that run once.

    Of all ways to give the marks to the cells where they should be, the right one explains the changes best, over all
    draws. A grid has nine such cells, or four of two rows and columns.
    """
    kind = next(network.parameters()).dtype
    energy: dict[tuple[str, Grid], list[Tensor]] = {}

    def look(name: str, output: Tensor) -> None:
        for grid in asked[name]:
            own = _cells(grid)
            if len(output) == 1 + len(_PLACES) and len(own) >= 4:
                maps = to_maps(output.detach(), grid).double()
                change = maps[1:] - maps[:1]
                change = change - change.mean((2, 3), keepdim=True)  # what an even attention brings to all places
                values = torch.stack([change[:, :, row, column] for row, column in own.values()], dim=1)
                energy.setdefault((name, grid), []).append(values.abs().sum(dim=2)[list(own)])  # (marks, cells)

    with ExitStack() as stack, torch.no_grad():
        for name, grids in asked.items():
            if grids:
                hook = network.get_submodule(name).register_forward_hook(
                    lambda _m, _args, output, name=name: look(name, output)
                )
                stack.callback(hook.remove)
        for draw in range(draws):
            network(_marked(size, draw).to(kind))
    return {
        name: [grid for grid in grids if (name, grid) in energy and _diagonal(*energy[name, grid])]
        for name, grids in asked.items()
    }


def _cells(grid: Grid) -> dict[int, tuple[int, int]]:
    """{mark: its cell}, of each cell one mark."""
    cells = [(int(y * grid.height), int(x * grid.width)) for y, x in _PLACES]
    return {cells.index(cell): cell for cell in dict.fromkeys(cells)}


def _diagonal(*energies: Tensor) -> bool:
    """Whether of all ways to give rows to columns the diagonal has the largest product; scales do not matter."""
    if not all(bool(torch.isfinite(one).all()) and bool(one.any(dim=0).all()) for one in energies):
        return False
    logs = sum(one.double().clamp(min=1e-300).log() for one in energies)
    assert isinstance(logs, Tensor)
    return linear_sum_assignment(logs.numpy(), maximize=True)[1].tolist() == list(range(len(logs)))


def _marked(size: Size, draw: int) -> Tensor:
    """A noise picture and nine copies with a mark each: (10, c, H, W)."""
    channels, height, width = size
    seed = torch.Generator().manual_seed(5 + draw)
    pictures = torch.randn(1, channels, height, width, generator=seed).repeat(1 + len(_PLACES), 1, 1, 1)
    for picture, (y, x) in zip(pictures[1:], _PLACES, strict=True):
        top, left = round((y - 0.08) * height), round((x - 0.08) * width)
        tall, wide = round(0.16 * height), round(0.16 * width)
        picture[:, top : top + tall, left : left + wide] = 3 * torch.randn(channels, tall, wide, generator=seed)
    return pictures


def _in_its_block(network: nn.Module, size: Size, name: str, found: Mapping[str, Any]) -> bool:
    """Whether noise in the layer's cells shows in the same places of a block around it where marks show, too.

    So a branch is proved by the stream to which it is added.
    """
    own = found[name]
    around = [".".join(name.split(".")[:k]) for k in range(name.count("."), 0, -1)]
    grids = {block: found[block] for block in around if isinstance(found.get(block), Grid)}
    shown = marks_show(network, size, {block: [grid] for block, grid in grids.items()}, draws=6)
    blocks = [block for block in grids if shown.get(block)]
    cells = list(_cells(own).values())
    seed = torch.Generator().manual_seed(9)
    picture = torch.randn(1, *size, generator=seed).to(next(network.parameters()).dtype).repeat(1 + len(cells), 1, 1, 1)
    outputs: list[Tensor] = []

    def disturb(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        changed = output.clone()
        maps = to_maps(changed, own)
        for i, (row, column) in enumerate(cells):
            maps[1 + i, :, row, column] += output.std() * torch.randn(own.channels, generator=seed).to(output.dtype)
        return changed if maps.data_ptr() == changed.data_ptr() else from_maps(maps, changed, own)

    if not blocks or len(cells) < 4:
        return False
    with torch.no_grad(), ExitStack() as stack:
        hooks = [
            network.get_submodule(name).register_forward_hook(disturb),
            network.get_submodule(blocks[0]).register_forward_hook(lambda _m, _a, output: outputs.append(output)),
        ]
        for hook in hooks:
            stack.callback(hook.remove)
        network(picture)
    grid = grids[blocks[0]]
    change = to_maps(outputs[0][1:], grid) - to_maps(outputs[0][:1], grid)
    energy = torch.stack([change[:, :, row, column] for row, column in _cells(grid).values()], dim=1).abs().sum(dim=2)
    return len(_cells(grid)) == len(cells) and _diagonal(energy)


def _by_gradient(network: nn.Module, size: Size, name: str, grid: Grid) -> bool:
    """Whether the energy of the gradients of up to nine cells lies in their own places of the picture."""
    kind = next(network.parameters()).dtype
    picture = torch.randn(1, *size, generator=torch.Generator().manual_seed(7)).to(kind).requires_grad_()
    kept: list[Tensor] = []
    hook = network.get_submodule(name).register_forward_hook(lambda _m, _a, output: kept.append(output.clone()))
    try:
        network(picture)
    finally:
        hook.remove()
    maps = to_maps(kept[0], grid)[0]
    cells = list(_cells(grid).values())
    weight = torch.randn(grid.channels, generator=torch.Generator().manual_seed(8)).to(kind)
    tall, wide = size[1] / grid.height, size[2] / grid.width
    energy = torch.zeros(len(cells), len(cells))
    for i, (row, column) in enumerate(cells):
        (slope,) = torch.autograd.grad((maps[:, row, column] * weight).sum(), picture, retain_graph=True)
        squares = slope[0].square().sum(0)
        for j, (y, x) in enumerate(cells):
            rows, columns = (int(y * tall), int((y + 1) * tall) + 1), (int(x * wide), int((x + 1) * wide) + 1)
            energy[i, j] = squares[slice(*rows), slice(*columns)].sum()
    return len(cells) >= 4 and _diagonal(energy)


def _check_maps(
    network: nn.Module, inputs: Tensor, grids: Mapping[str, Any], suggested: str | None, report: Report
) -> None:
    """Grad-CAM of all layers from one pass, and of the suggested one alone, beside hooks and plain autograd."""
    expected = plain_maps(network, inputs, grids)
    report.no_gradient = [name for name, value in expected.items() if value is None]
    for name in report.no_gradient[:2]:
        said = _refusal(network, inputs, name)
        if not any(sentence in said for sentence in ("no influence", "exactly 0 everywhere", "a map of zeros")):
            report.trouble.append(f"{name}: autograd gives no gradient, ours says {said!r}")
    asked = [name for name, value in expected.items() if value is not None]
    report.maps = len(asked)
    try:
        ours = xai.class_maps(network, inputs, asked, CLASS, relu=False)
        alone = xai.class_maps(network, inputs, [suggested], CLASS, relu=False) if suggested in asked else {}
    except SightlineError as refusal:
        report.trouble.append(f"autograd gives a map, ours says: {refusal}")
        return
    far = [name for name, value in [*ours.items(), *alone.items()] if _distance(value[0, 0], expected[name]) > _MOST]
    if far:
        network.double()
        finer = plain_maps(network, inputs.double(), {name: grids[name] for name in far})
        again = xai.class_maps(network, inputs.double(), far, CLASS, relu=False)
        network.float()
        for name in dict.fromkeys(far):
            error = _distance(again[name][0, 0], finer[name])
            if error > _MOST:
                report.trouble.append(f"{name}: the map is {error:.1e} off plain autograd's, in double precision too")
    if suggested in report.no_gradient:
        report.trouble.append(f"{suggested} is suggested and has no influence")


def _refusal(network: nn.Module, inputs: Tensor, name: str) -> str:
    try:
        found = xai.class_maps(network, inputs, [name], CLASS, relu=False)[name]
    except SightlineError as refusal:
        return str(refusal)
    return "a map" if bool(found.any()) else "a map of zeros"


def _distance(ours: Tensor, expected: Tensor | None) -> float:
    assert expected is not None
    if not bool(expected.count_nonzero()):
        return float(ours.abs().max())
    return float((ours - expected).abs().max() / expected.abs().max())


def plain_maps(network: nn.Module, inputs: Tensor, grids: Mapping[str, Grid]) -> dict[str, Tensor | None]:
    """{layer: Grad-CAM (h, w) by a hook and autograd, None where it gives no gradient, or zeros}, all from one pass."""
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> Tensor:
        kept[name] = output
        return output.clone()

    with ExitStack() as stack:
        for name in grids:
            hook = network.get_submodule(name).register_forward_hook(
                lambda _m, _args, output, name=name: keep(name, output)
            )
            stack.callback(hook.remove)
        score = network(inputs.clone().requires_grad_())[0, CLASS]
        slopes = torch.autograd.grad(score, list(kept.values()), allow_unused=True)
    made: dict[str, Tensor | None] = {}
    for (name, output), slope in zip(kept.items(), slopes, strict=True):
        if slope is None or not bool(slope.any()):
            made[name] = None
            continue
        maps, gradient = to_maps(output.detach(), grids[name])[0], to_maps(slope, grids[name])[0]
        made[name] = (gradient.mean((1, 2))[:, None, None] * maps).sum(0)
    return made
