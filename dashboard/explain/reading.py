"""How to read a map, in two sentences that follow its method: what a colour stands for, and what it does not say."""

from __future__ import annotations

from xai_core.attribution.method import INPUT
from xai_core.attribution.methods.occlusion import OcclusionSettings
from xai_core.types import Explanation

RAISED = {"for": "raised", "against": "lowered", "both": "raised (red) or lowered (blue)"}
RAISES = {"for": "would raise", "against": "would lower", "both": "would raise (red) or lower (blue)"}
FALLS = {"for": "falls", "against": "rises", "both": "falls (red) or rises (blue)"}

CHANNELS = "The stronger the colour of a place, the more the channels that fire there {raised} the score of this class."
PLACES = "The stronger the colour of a place, the more what the channels see at this very place {raised} the score."
SHOWN_ALONE = (
    "The stronger the colour of a place, the more strongly channels fire there whose places, shown alone, give this "
    "class a high score."
)
SWITCHED_OFF = (
    "The stronger the colour of a place, the more strongly channels fire there without which the score of this class "
    "{falls}."
)
PATTERN = (
    "The stronger the colour of a place, the more the layer's main pattern shows there. No class was asked, so this is "
    "no evidence for or against one."
)
CHANGE = (
    "The stronger the colour of a pixel, the more a small change of it {raises} the score of this class. Such maps are "
    "fine but noisy; look for clusters, not for single dots."
)
CHANGE_SMOOTHED = (
    "The stronger the colour of a pixel, the more a small change of it {raises} the score of this class, on average "
    "over noisy copies. Look for clusters, not for single dots."
)
SHARE = (
    "The stronger the colour of a pixel, the more of the score's difference from {start} is put down to it: it "
    "{raised} the score. Such maps are fine but noisy; look for clusters, not for single dots."
)
EDGES = (
    "The colours trace lines and textures that the network reacts to. They look nearly the same for every class, so "
    "they are no evidence for or against one."
)
REGION_OF_EDGES = (
    "Where there is colour at all tells about this class. The lines in it are the picture's own and would be nearly "
    "the same for another."
)
HIDDEN = (
    "The stronger the colour of a place, the more the score of this class {falls} when a window over it is hidden. The "
    "map is as coarse as the window, {window:g} % of the picture's shorter side: details within a block mean nothing."
)
ATTENTION = (
    "The stronger the colour of a place, the more attention the network's end pays to it, through all layers. It is "
    "the same for all classes: no evidence for or against one. The map has {rows} × {columns} cells."
)
GRID = " The layer has {rows} × {columns} cells, so the map shows roughly where, never an outline, and not why."

READINGS = {
    "cam": CHANNELS,
    "grad_cam": CHANNELS,
    "grad_cam_pp": CHANNELS,
    "hires_cam": PLACES,
    "layer_cam": PLACES,
    "xgrad_cam": CHANNELS,
    "eigen_cam": PATTERN,
    "score_cam": SHOWN_ALONE,
    "ablation_cam": SWITCHED_OFF,
    "gradient": CHANGE,
    "gradient_x_input": SHARE.replace("{start}", "a picture of the mean colour, by a straight line,"),
    "smooth_grad": CHANGE_SMOOTHED,
    "integrated_gradients": SHARE.replace("{start}", "the empty picture that it starts from"),
    "guided_backprop": EDGES,
    "deconvnet": EDGES,
    "guided_grad_cam": REGION_OF_EDGES,
    "occlusion": HIDDEN,
    "rollout": ATTENTION,
}


def how_to_read(result: Explanation, layer: str, evidence: str) -> str:
    """Two or three sentences on the map of `layer`. evidence: "for", "against" or "both", as it is drawn."""
    rows, columns = result.maps[layer].shape[1:]
    text = READINGS[result.method] + ("" if layer == INPUT else GRID)
    return text.format(
        raised=RAISED[evidence],
        raises=RAISES[evidence],
        falls=FALLS[evidence],
        rows=rows,
        columns=columns,
        window=result.settings.get("window", OcclusionSettings().window),
    )
