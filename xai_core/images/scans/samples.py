"""Scans to start with: real ones that installed packages carry, and one with a simulated lesion; no downloads."""

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xai_core.errors import ImageError
from xai_core.images.scans.lesion import with_lesion
from xai_core.images.scans.open import open_scans
from xai_core.images.scans.volume import Plane, Volume

_ICBM = (
    "ICBM 152 2009a, Fonov et al., NeuroImage 2011; (c) 1993-2009 L. Collins, McConnell Brain Imaging Centre, McGill"
)


@dataclass(frozen=True)
class ScanSample:
    """package, path: the installed file. modality: what the file does not say itself. start: plane and slice to open.

    lesion: centre (RAS) and radius in millimetres of a simulated one. note: what it is there to show.
    """

    key: str
    title: str
    package: str
    path: str
    credit: str
    modality: str = "MR"
    start: tuple[Plane, int] | None = None
    lesion: tuple[tuple[float, float, float], float] | None = None
    note: str = ""


_TEMPLATE = "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
SCAN_SAMPLES: tuple[ScanSample, ...] = (
    ScanSample(
        "simulated-lesion",
        "Brain template with a SIMULATED lesion",
        "nilearn",
        _TEMPLATE,
        _ICBM,
        start=("axial", 100),
        lesion=((31.0, -22.0, 28.0), 15.0),
        note="The true outline is known, so a map can be checked against it.",
    ),
    ScanSample(
        "template",
        "Brain template (average of 152 healthy people)",
        "nilearn",
        _TEMPLATE,
        _ICBM,
        start=("axial", 90),
        note="No skull and no single person: unlike what the model was trained on.",
    ),
    ScanSample(
        "echo-planar",
        "Brain, echo planar, two volumes",
        "nibabel",
        "tests/data/example4d.nii.gz",
        "nibabel's test data (MIT licence)",
        start=("axial", 12),
        note="Another kind of MR with two volumes to choose from.",
    ),
    ScanSample(
        "abdomen",
        "Abdomen (no head)",
        "pydicom",
        "data/test_files/examples_overlay.dcm",
        "pydicom's example files (MIT licence)",
        note="MR of another part of the body.",
    ),
    ScanSample(
        "vertebra",
        "Vertebra, computed tomography (no MR)",
        "pydicom",
        "data/test_files/CT_small.dcm",
        "pydicom's example files (MIT licence)",
        modality="CT",
        note="Another way of imaging.",
    ),
)


def load_scan_sample(key: str) -> tuple[Volume, np.ndarray | None]:
    """The sample's volume, and the true outline, bool (x, y, z), where its lesion is simulated.

    Raises ImageError for an unknown key, and where the package is not installed.
    """
    sample = next((sample for sample in SCAN_SAMPLES if sample.key == key), None)
    if sample is None:
        keys = ", ".join(sample.key for sample in SCAN_SAMPLES)
        raise ImageError(f'There is no sample scan "{key}"; choose one of {keys}.')
    volume = open_scans(_path(sample)).series[0].volume()
    volume = replace(volume, modality=sample.modality)
    return with_lesion(volume, *sample.lesion) if sample.lesion else (volume, None)


def _path(sample: ScanSample) -> Path:
    spec = importlib.util.find_spec(sample.package)  # without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ImageError(f"This sample comes with {sample.package}, which is not installed; install it.")
    return Path(spec.submodule_search_locations[0]) / sample.path
