"""A reading as a report: pictures as seen, recipe, digests, scores, checks, limits, note, time; nobody is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import binary_dilation

from dashboard.mri import similar, truth
from dashboard.mri.diagnoses import answer_of, common_scale, in_words, named, recipe, with_gate
from dashboard.mri.opinion import Opinion
from dashboard.mri.reading import Reading, model
from dashboard.mri.scan import Place, Truth
from dashboard.mri.slice_display import lettered
from dashboard.shared.cautions import UNLIKE, InputCautions
from xai_core.images.display import display_pixels
from xai_core.images.scans import Edges
from xai_core.render.place import place as placed_on
from xai_core.render.recipe import percent
from xai_core.render.scale import colour_table
from xai_core.report.document import Block, Document, Figure, Figures, Heading, Points, Table, Text
from xai_core.types import SourceImage

OPACITY = 0.55
_GREEN = (70, 240, 120)  # as the viewer draws it
_FADE = 0.25  # evidence below this share of the scale fades out, as in the viewer


@dataclass(frozen=True, eq=False)
class Seen:
    """What is reported: the slice as displayed, the model's answer, the checks, and what the reader wrote.

    facts: technical ones of the scan, from the fixed list; nothing of the patient. fact: the truth, where it is known.
    """

    image: SourceImage
    place: Place
    reading: Reading
    letters: Edges
    gate: InputCautions
    about: str
    opinion: Opinion | None
    note: str
    time: str
    facts: Mapping[str, str] = field(default_factory=dict)
    fact: Truth | None = None


def as_seen(seen: Seen, class_index: int | None) -> np.ndarray:
    """The slice, uint8 (h, w, 3), with the signed map of a diagnosis on the common scale, or bare; with letters."""
    pixels = display_pixels(seen.image)
    if class_index is not None:
        pixels = _with_map(pixels, seen.reading, class_index)
    return lettered(pixels, seen.letters)


def _with_map(pixels: np.ndarray, reading: Reading, class_index: int) -> np.ndarray:
    top = common_scale(reading) or 1.0
    values = np.nan_to_num(placed_on(reading.maps[class_index], reading.box, pixels.shape[:2])) / top
    colours = colour_table("vik")[np.clip((values + 1) / 2 * 256, 0, 255).astype(int)]
    alpha = (OPACITY * np.clip(np.abs(values) / _FADE, 0, 1))[..., None]
    mixed: np.ndarray = np.round(pixels * (1 - alpha) + colours * alpha).astype(np.uint8)
    return mixed


def _outline_of(seen: Seen) -> np.ndarray | None:
    """The known outline, bool (h, w), where one is drawn in this slice."""
    outline = seen.fact.outline if seen.fact else None
    return outline if outline is not None and outline.any() else None


def _outline_figure(seen: Seen) -> list[Figure]:
    """The slice with the edge of the known outline in green."""
    outline = _outline_of(seen)
    if outline is None:
        return []
    edge = binary_dilation(outline) & ~outline
    drawn = np.where(edge[..., None], np.array(_GREEN, np.uint8), display_pixels(seen.image))
    return [Figure(lettered(drawn, seen.letters), "The outline of the tumour")]


def document(seen: Seen) -> Document:
    """The report, whatever it is then laid out as; it names no file and nobody, but for the reader's note."""
    names = seen.reading.prediction.class_names
    figures = [Figure(as_seen(seen, None), "The slice"), *_outline_figure(seen)]
    figures += [Figure(as_seen(seen, k), f"Evidence for (red) and against (blue): {n}") for k, n in enumerate(names)]
    scale = f"All four maps are on one scale, ±{common_scale(seen.reading):.3g}; opacity {percent(OPACITY)}."
    return Document(
        "Reading of one slice",
        (
            Text(model().config.caution, grave=True),
            Text(f"{seen.about}. {seen.image.name}. {seen.time}"),
            *_checks(seen.gate),
            *_scores(seen),
            Figures(tuple(figures)),
            Text(scale),
            *_against_outline(seen),
            *_reader(seen),
            *_similar(seen.reading),
            *_scan(seen.facts),
            *_made(seen),
            *_limits(),
        ),
    )


def _checks(found: InputCautions) -> tuple[Block, ...]:
    heading = Heading("Checks")
    if not found.unlike and not found.careful:
        return heading, Text("Nothing found that sets the slice apart from the training data.")
    grave = Text(f"{UNLIKE} {' '.join(found.unlike)}", grave=True)
    careful = Points(found.careful)
    return heading, *([grave] if found.unlike else []), *([careful] if found.careful else [])


def _scores(seen: Seen) -> tuple[Block, ...]:
    head = ("Diagnosis", "Probability (calibrated)", "Score before softmax", "Ahead of the best other")
    answer = with_gate(answer_of(seen.reading, seen.place), seen.gate)
    said = {"said": "The model says: {}.", "leaning": "The model leans to {}.", "withheld": "The model cannot say."}
    lines = () if seen.gate.unlike else (Text(" ".join((said[answer.grade].format(named(answer)), *answer.reasons))),)
    return Heading("The model's answer"), *lines, Table(head, tuple(in_words(seen.reading.prediction)))


def _against_outline(seen: Seen) -> tuple[Block, ...]:
    """How far the map lies in a known outline: of the true diagnosis where one is known, else of the likeliest kind."""
    outline = _outline_of(seen)
    if seen.gate.unlike or seen.fact is None or outline is None:
        return ()
    names, diagnosis = seen.reading.prediction.class_names, seen.fact.diagnosis
    name = diagnosis if diagnosis in names else answer_of(seen.reading, seen.place).kind
    result = truth.agreement(seen.reading, names.index(name), outline)
    whose = f"The annotators say {diagnosis}." if diagnosis else "The lesion was drawn in."
    lines = tuple(line.replace("**", "") for line in truth.in_words(result, outline))
    return Heading("Against the outline"), Text(f"{whose} Of the map for {name}:"), Points(lines)


def _reader(seen: Seen) -> tuple[Block, ...]:
    opinion = seen.opinion
    noted = (
        f"{opinion.diagnosis}, {opinion.sure}, noted {opinion.time}, "
        + ("before" if opinion.blind else "after")
        + " the model's answer was on screen"
        if opinion
        else "No opinion was noted beforehand"
    )
    return Heading("The reader"), Text(f"{noted}."), Text(f"Note: {seen.note or 'None.'}")


def _similar(reading: Reading) -> tuple[Block, ...]:
    found = similar.rows(reading)
    lines = tuple(tuple(row.values()) for row in found)
    said = similar.warning(reading)
    return Heading("Most similar training slices"), Table(tuple(found[0]), lines), *([Text(said)] if said else [])


def _scan(facts: Mapping[str, str]) -> tuple[Block, ...]:
    return (Heading("The scan"), Table((), tuple(facts.items()))) if facts else ()


def _made(seen: Seen) -> tuple[Block, ...]:
    network, top = model(), seen.reading.prediction.top(1)[0].index
    window = seen.image.window
    shown = f"level {window.center:g}, width {window.width:g}" if window else "as stored"
    lines = (
        ("Recipe", recipe(seen.reading, top)),
        ("Display window", shown),
        ("Model", network.config.title),
        ("Digest of the weights", network.digest),
        ("Digest of the slice", seen.reading.image_digest),
        ("Distance to the training data", f"{seen.reading.familiarity.distance:.3f}"),
    )
    return Heading("How it was made"), Table((), lines)


def _limits() -> tuple[Block, ...]:
    config = model().config
    texts = (*config.notes, "Each slice is read on its own. Other diseases, sequences, ages and scanners: unknown.")
    return Heading("Limits"), Points(texts), Text(config.licence)
