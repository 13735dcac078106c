"""Convolutions, pooling and upsampling: operations whose outputs each read a window of places."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from xai_core.forward import window_places
from xai_core.forward.reach import Reach, blur, gather, mix, union
from xai_core.forward.reach_call import AVERAGE, LINEAR, Call

RESAMPLING: dict[str, window_places.Resampling] = {
    "upsample_nearest2d": "nearest",
    "_upsample_nearest_exact2d": "nearest_exact",
    "upsample_bilinear2d": "linear",
    "upsample_bicubic2d": "cubic",
}


def convolution(call: Call) -> Reach:
    """Also transposed; where the weights were computed from the picture, each place depends on what they saw."""
    given = call.given
    found = [blur(reach, AVERAGE) for name in ("weight", "bias") if (reach := call.at(given[name]))]
    reach = call.at(given["input"])
    if reach:
        kernel = list(given["weight"].shape[2:])
        reach = mix(reach, [-len(kernel) - 1], LINEAR)
        steps = [_each(given[name], len(kernel)) for name in ("stride", "padding", "dilation")]
        found.append(_slide(call, reach, kernel, *steps))
    return union(found)


def pool(call: Call) -> Reach:
    """Maxima and averages over windows; where rounding up adds one, the output's size says so."""
    n_axes = int(call.name.split("pool")[1][0])
    kernel = _each(call.given["kernel_size"], n_axes)
    stride = _each(call.given["stride"] or kernel, n_axes)
    padding, dilation = (_each(call.given.get(name, 1), n_axes) for name in ("padding", "dilation"))
    return _slide(call, call.seen()[0], kernel, stride, padding, dilation)


def adaptive_pool(call: Call) -> Reach:
    """As many windows as are asked for."""
    (reach, *_others), sizes = call.seen(), call.given["output_size"]
    for k, n_out in enumerate(sizes):
        dim = k - len(sizes)
        n_in = reach.shape[dim]
        if n_out == 1:
            reach = mix(reach, [dim], AVERAGE)
        else:
            reach = gather(reach, dim, window_places.bins(n_out, n_in), n_in / n_out)
    return reach


def resample(call: Call) -> Reach:
    """Upsampling by repetition or interpolation."""
    (reach, *_others), given = call.seen(), call.given
    scales = given.get("scale_factors") or (given.get("scales_h"), given.get("scales_w"))
    for dim, scale in zip((-2, -1), scales, strict=True):
        n_in, n_out = reach.shape[dim], call.outputs[0].shape[dim]
        ratio = 1 / Fraction(scale).limit_denominator(10**6) if scale else Fraction(n_in, n_out)
        places = window_places.resampled(n_out, n_in, ratio, RESAMPLING[call.name], bool(given.get("align_corners")))
        reach = gather(reach, dim, places, float(ratio), "nearest")
    return reach


def _slide(
    call: Call, reach: Reach, kernel: list[int], stride: list[int], padding: list[int], dilation: list[int]
) -> Reach:
    transposed = bool(call.given.get("transposed"))
    windows = window_places.transposed_windows if transposed else window_places.windows
    for k, window in enumerate(zip(kernel, stride, padding, dilation, strict=True)):
        dim = k - len(kernel)
        places = windows(call.outputs[0].shape[dim], *window)
        reach = gather(reach, dim, places, 1 / stride[k] if transposed else stride[k])
    return reach


def _each(value: int | Sequence[int], n: int) -> list[int]:
    """One number for each axis, where a single one may stand for all."""
    given = [value] if isinstance(value, int) else list(value)
    return given * n if len(given) == 1 else given
