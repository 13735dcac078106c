"""Display windows: what a file stores, what its values suggest, and the customary ones of computed tomography."""

import numpy as np
from pydicom.dataset import Dataset

from xai_core.images.scans.elements import numbers
from xai_core.images.scans.volume import NamedWindow
from xai_core.types import Window

_INVERSE = (1.0, 0.0)
_SIGMOID_SHARE = 1 / (1 + np.exp(-4 * np.linspace(-2, 2, 1025)))  # over four widths: beyond, it is black or white
_SAMPLED = 2_000_000  # values that are looked at for the automatic window
_MOST_STORED = 16
CT_PRESETS = (
    NamedWindow("Brain", Window(40, 80)),
    NamedWindow("Subdural", Window(75, 215)),
    NamedWindow("Soft tissue", Window(50, 400)),
    NamedWindow("Bone", Window(600, 2800)),
    NamedWindow("Lung", Window(-600, 1500)),
)


def stored_windows(dataset: Dataset) -> tuple[NamedWindow, ...]:
    """Every window and table that the file asks for, in its order; tables first, as DICOM PS3.3 C.11.2 has it."""
    found = [*_tables(dataset), *_pairs(dataset)][:_MOST_STORED]
    inverted = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    names = ["Stored"] if len(found) == 1 else [f"Stored {number}" for number in range(1, len(found) + 1)]
    return tuple(NamedWindow(name, inverse(w) if inverted else w) for name, w in zip(names, found, strict=True))


def automatic_windows(values: np.ndarray, inverted: bool) -> tuple[NamedWindow, ...]:
    """From the 0.5th to the 99.5th percentile of what is not background, and the whole range; values: any shape."""
    step = max(values.size // _SAMPLED, 1)
    sampled = values.reshape(-1)[::step].astype(np.float64)
    sampled = sampled[np.isfinite(sampled)]
    if not sampled.size:
        return ()
    low, high = float(sampled.min()), float(sampled.max())
    inside = sampled[sampled > low] if low < high else sampled  # the lowest value is air or padding
    ends = np.percentile(inside, [0.5, 99.5])
    ends = ends if ends[0] < ends[1] else np.array([low, high])
    named = (("Automatic", *ends), ("Whole range", low, high))
    windows = [NamedWindow(name, Window(float(a + b) / 2, max(float(b - a), 1e-6))) for name, a, b in named]
    return tuple(NamedWindow(w.name, inverse(w.window)) if inverted else w for w in windows)


def inverse(window: Window) -> Window:
    """The same window with black and white exchanged."""
    return Window(window.center, window.width, tuple(reversed(window.table or (0.0, 1.0))))


def _pairs(dataset: Dataset) -> list[Window]:
    centers, widths = numbers(dataset, "WindowCenter") or (), numbers(dataset, "WindowWidth") or ()
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    return [_window(c, w, function) for c, w in zip(centers, widths, strict=False) if w > 0]


def _window(center: float, width: float, function: str) -> Window:
    """DICOM PS3.3 C.11.2.1.2 and 1.3: LINEAR has its ends half a value in, LINEAR_EXACT not, SIGMOID has a curve."""
    if function == "SIGMOID":
        return Window(center, width * 4, tuple(_SIGMOID_SHARE.tolist()))
    if function == "LINEAR_EXACT":
        return Window(center, width)
    return Window(center - 0.5, width - 1)


def _tables(dataset: Dataset) -> list[Window]:
    """Tables of the VOI LUT sequence as windows over the values that they map; DICOM PS3.3 C.11.2.1.1."""
    windows = []
    for item in dataset.get("VOILUTSequence") or ():
        entries, first, bits = (int(value) for value in item.LUTDescriptor)
        entries = entries or 2**16
        values = _entries(item.LUTData, entries, little=dataset.original_encoding[1] is not False)
        table = np.clip(values[:entries].astype(np.float64) / (2**bits - 1), 0, 1)
        windows.append(Window(first + (entries - 1) / 2, entries - 1, tuple(table.tolist())))
    return windows


def _entries(data: object, count: int, *, little: bool) -> np.ndarray:
    """A table's numbers: parsed already, or as words, or as bytes."""
    if not isinstance(data, bytes):
        return np.asarray(data)
    words = f"{'<' if little else '>'}u2"
    return np.frombuffer(data, words if len(data) >= 2 * count else np.uint8)
