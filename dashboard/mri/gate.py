"""Is this slice like what the model learned from? Said before any diagnosis is shown large."""

import numpy as np
import streamlit as st

from dashboard.mri import similar
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Scan
from dashboard.shared.cautions import InputCautions, of_distance
from xai_core.images.display import display_pixels
from xai_core.images.head_crop import grey_values
from xai_core.images.scans.weighting import weighting
from xai_core.types import SourceImage

_COLOURED = 24  # grey levels between the channels, at the 99th percentile
_LEAST_SIDE = 96
_FRAME = 0.04  # of each side
_LIGHT = 0.7  # of the range of grey values: of 229 held-out slices, inverted, the darkest frame has 0.91


def gate(scan: Scan, image: SourceImage, reading: Reading) -> InputCautions:
    light = _light_frame(image)
    none, exchanged = _head(reading, light), "Black and white seem exchanged." if light else ""
    grave: tuple[str, ...] = (_modality(scan), _colour(image), none, exchanged)
    slight: tuple[str, ...] = (_contrast(scan), _size(image))
    if not (none or exchanged):  # the other checks read heads, light on dark, and nothing else
        grave, slight = (*grave, _turned(scan, reading)), (_stripped(reading), *slight, _unknown_turn(scan, reading))
    unlike, careful = [text for text in grave if text], [text for text in slight if text]
    far = of_distance(reading.familiarity)
    unlike += far.unlike
    careful += far.careful
    remembered = similar.memory(reading)
    if remembered:
        careful.insert(0, remembered)
    return InputCautions(tuple(unlike), tuple(careful), far.far)


def may_answer(scan: Scan, found: InputCautions) -> bool:
    """Whether diagnoses are shown: on a slice unlike the training data only where the visitor asks for them."""
    if not found.unlike:
        return True
    return st.toggle("Show scores and maps all the same", key=f"mri_anyway_{scan.key}", persist_state="session")


def _modality(scan: Scan) -> str:
    said = scan.volume.modality if scan.volume is not None else "MR"
    return "" if said in ("MR", "", "OT") else f"The file says that this is {said}, not MR."


def _colour(image: SourceImage) -> str:
    if image.kind != "photograph":
        return ""
    spread = np.ptp(display_pixels(image).astype(np.int16), axis=2)
    return "The picture is in colour." if np.percentile(spread, 99) > _COLOURED else ""


def _head(reading: Reading, light: bool) -> str:
    """What seems inverted though its frame is dark is no inverted head, but something else on black."""
    if not reading.head:
        return "No head was found in it."
    checks = reading.checks
    return "It does not look like a slice of a head." if checks.strange or (checks.inverted and not light) else ""


def _stripped(reading: Reading) -> str:
    if not reading.checks.stripped:
        return ""
    return (
        "Skull and scalp seem to have been removed: of such heads the model saw few, and tumours only in made-up ones."
    )


def _turned(scan: Scan, reading: Reading) -> str:
    """A volume that knows its directions is shown upright; without a skull the check is no more than a hint."""
    oriented = scan.volume is not None and scan.volume.oriented
    return (
        ""
        if oriented or reading.checks.stripped or not reading.checks.turned
        else f"The head seems to lie {reading.checks.turned}."
    )


def _light_frame(image: SourceImage) -> bool:
    """Air is dark in MR: a frame lighter than most of the picture means black and white exchanged."""
    values = grey_values(image)
    rows, columns = (max(1, round(side * _FRAME)) for side in values.shape)
    frame = np.ones(values.shape, bool)
    frame[rows:-rows, columns:-columns] = False
    low, high = np.percentile(values, [1, 99])
    return bool(np.median(values[frame]) - low > _LIGHT * max(high - low, 1e-12))


def _contrast(scan: Scan) -> str:
    """What the file says of the contrast, against what the model knows of each."""
    if scan.volume is None:
        return ""
    tags = scan.volume.tags
    kind = weighting(tags)
    if kind == "diffusion":
        return "The sequence is echo planar, as in diffusion: the model has seen none."
    if kind in ("T2", "FLAIR"):
        return f"By its timing this is {kind}-weighted: there the model knows tumours, but of none its kind."
    if kind == "T1" and "Contrast agent" not in tags:
        return (
            "No contrast agent is named for this T1-weighted scan: without one the model misses tumours, and takes "
            "what is bright for one."
        )
    return ""


def _size(image: SourceImage) -> str:
    height, width = image.size
    return f"It is small: {width} × {height} pixels." if min(height, width) < _LEAST_SIDE else ""


def _unknown_turn(scan: Scan, reading: Reading) -> str:
    if (scan.volume is not None and scan.volume.oriented) or _turned(scan, reading):
        return ""
    if reading.checks.leaning:
        return f"It may lie {reading.checks.leaning}; the model expects the front or the head on top."
    return "Nothing says how it is turned; the model expects the front or the head on top."
