"""`probe`: a layer's grid beside its upsampled version; each pixel shows the cells that it is made of."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import map_bytes, pack, scale_top
from dashboard.shared.components.viewer.records import check_map
from xai_core.errors import LayerError

Mode = Literal["bilinear", "aligned", "bicubic", "nearest"]

_component = register("probe", styles=("legend",), parts=("legend",))


@dataclass(frozen=True)
class ProbeOptions:
    """How a probe enlarges and what it follows.

    mode: as torch.nn.functional.interpolate knows it: "bilinear" and "bicubic" with align_corners=False, "aligned" is
    bilinear with align_corners=True, "nearest" is "nearest-exact". signed: a diverging scale. label: the quantity, for
    the colour bar. settings_of: the key of the viewer whose colour scale it follows. link: probes of one name point at
    the same place. legend: whether the colour bar stands below; probes of one map need it once.
    """

    mode: Mode = "bilinear"
    signed: bool = False
    label: str = "Evidence"
    settings_of: str | None = None
    link: str | None = None
    legend: bool = True


def probe(
    values: np.ndarray,
    out_size: tuple[int, int],
    options: ProbeOptions = ProbeOptions(),
    *,
    key: str,
) -> None:
    """Show a map (rows, cols) and, beside it, the same at out_size (height, width); pointing opens up a pixel.

    The pixel's source cells are outlined with their weights, and the sum is written out.
    """
    _component(data=probe_payload(values, out_size, options, key), key=key)


def probe_payload(values: np.ndarray, out_size: tuple[int, int], options: ProbeOptions, key: str) -> bytes:
    """Everything that the browser draws from; LayerError for a map, a size or a mode that does not exist."""
    check_map(values)
    if options.mode not in get_args(Mode):
        raise LayerError(f'The mode is "{options.mode}"; choose one of {", ".join(get_args(Mode))}.')
    if min(out_size) < 1:
        raise LayerError(f"The output size is {out_size}; give (height, width), each at least 1 pixel.")
    rows, cols = values.shape
    height, width = out_size
    top = max(0.0, scale_top(values, options.signed))
    kind = kind_of(-1.0 if options.signed else 0.0)
    header = {
        "rows": rows,
        "cols": cols,
        "height": height,
        "width": width,
        "mode": options.mode,
        "vmin": -top if options.signed else 0.0,
        "vmax": top,
        "label": options.label,
        "settings": options.settings_of or key,
        "link": options.link,
        "legend": options.legend,
        "scales": scale_header(kind),
    }
    return pack(header, {"map": map_bytes(values), "scales": tables(kind)})
