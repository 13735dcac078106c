"""How PyTorch's elementary operations change what is seen: one rule for each family of them.

A network is followed below its modules, where `nn.Conv2d`, `F.conv2d` and `x.relu_()` have all become a few hundred
elementary operations with fixed argument names; so it does not matter how its author wrote it down.
"""

from __future__ import annotations

import torch

from xai_core.forward.reach import Reach, mix, union
from xai_core.forward.reach_call import ATTENTION, AVERAGE, LINEAR, NORM, Call, Rule
from xai_core.forward.reach_moves import joined, moved, padded, picked, stacked, unknown
from xai_core.forward.reach_windows import RESAMPLING, adaptive_pool, convolution, pool, resample


def reaches(call: Call) -> list[Reach | None]:
    """What each output of a call sees of one axis, where at least one of its arguments sees something."""
    try:
        found = _rule(call)(call)
    except (LookupError, TypeError, ValueError, RuntimeError):
        found = unknown(call)  # a form of the operation that its rule does not foresee
    if found is None or isinstance(found, Reach):
        return [found] * len(call.outputs)
    return [*found, *[None] * (len(call.outputs) - len(found))]


def _rule(call: Call) -> Rule:
    if call.name in _RULES:
        return _RULES[call.name]
    if torch.Tag.pointwise in call.func.tags:
        return _pointwise
    return _attention if call.name.startswith("_scaled_dot_product") else unknown


def _pointwise(call: Call) -> Reach:
    return union(call.seen())


def _fresh(_call: Call) -> None:
    """Only the shape of the argument is used, not its values."""


def _copied(call: Call) -> Reach | None:
    return call.at(call.given["src"])


def _filled(call: Call) -> Reach | None:
    return call.at(call.given["value"])


def _batch_norm(call: Call) -> Reach:
    """Fixed statistics change no place; those of the picture itself (instance normalisation) mix all of them."""
    (reach, *_others) = call.seen()
    rank = len(reach.shape)
    return mix(reach, [dim for dim in range(-rank, 0) if dim != 1 - rank], NORM) if call.given["training"] else reach


def _layer_norm(call: Call) -> Reach:
    return mix(call.seen()[0], range(-len(call.given["normalized_shape"]), 0), NORM)


def _group_norm(call: Call) -> Reach:
    (reach, *_others) = call.seen()
    return mix(reach, range(1 - len(reach.shape), 0), NORM)


def _reduced(call: Call) -> Reach:
    return mix(call.seen()[0], call.dims(), AVERAGE, keepdim=bool(call.given.get("keepdim")))


def _along(call: Call) -> Reach:
    """Softmax, cumulative sums, sorting: the dimension stays, and everything along it counts."""
    return mix(call.seen()[0], call.dims(), ATTENTION)


def _product(call: Call) -> Reach:
    """Matrix products: each element sees its row of the first and its column of the second; a summand stays itself."""
    *summands, first, second = (call.at(tensor) for tensor in call.tensors())
    cause = ATTENTION if first and second else LINEAR
    found = [*summands, first and mix(first, [-1], cause), second and mix(second, [-2], cause)]
    return union([reach for reach in found if reach])


def _attention(call: Call) -> list[Reach | None]:
    """A fused kernel: the result sees its own query, and all keys and values."""
    query, *others = (call.at(call.given[name]) for name in ("query", "key", "value"))
    found = [query and mix(query, [-1], ATTENTION), *(other and mix(other, [-2, -1], ATTENTION) for other in others)]
    return [union([reach for reach in found if reach])]


def _family(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


# Whatever is tagged as pointwise by PyTorch needs no entry.
_RULES: dict[str, Rule] = {
    **_family(_pointwise, "_to_copy detach alias lift_fresh hardswish _prelu_kernel rsub dropout native_dropout"),
    **_family(_pointwise, "rrelu_with_noise log_sigmoid_forward masked_fill where"),
    **_family(_pointwise, "_native_batch_norm_legit_no_training"),
    **_family(_fresh, "empty_like zeros_like ones_like full_like rand_like randn_like zero"),
    **_family(_fresh, "new_empty new_zeros new_ones new_full new_empty_strided"),
    **_family(_copied, "copy"),
    **_family(_filled, "fill"),
    **_family(_batch_norm, "native_batch_norm _native_batch_norm_legit cudnn_batch_norm"),
    **_family(_layer_norm, "native_layer_norm _fused_rms_norm"),
    **_family(_group_norm, "native_group_norm"),
    **_family(_reduced, "mean sum prod amax amin max min argmax argmin var std var_mean std_mean logsumexp any all"),
    **_family(_reduced, "linalg_vector_norm norm"),
    **_family(_along, "_softmax _log_softmax _safe_softmax cumsum sort topk"),
    **_family(_product, "mm bmm addmm baddbmm"),
    **_family(convolution, "convolution"),
    **_family(pool, "avg_pool1d avg_pool2d avg_pool3d max_pool2d max_pool2d_with_indices max_pool3d_with_indices"),
    **_family(adaptive_pool, "_adaptive_avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d _adaptive_avg_pool3d"),
    **_family(resample, " ".join(RESAMPLING)),
    **_family(moved, "view _unsafe_view reshape permute transpose t expand unsqueeze squeeze select slice split"),
    **_family(moved, "split_with_sizes unbind flip roll repeat unfold pixel_shuffle pixel_unshuffle"),
    **_family(padded, "constant_pad_nd reflection_pad2d replication_pad2d"),
    **_family(joined, "cat"),
    **_family(stacked, "stack"),
    **_family(picked, "index index_select"),
}
