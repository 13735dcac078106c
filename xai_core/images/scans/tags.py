"""The technical facts of a scan that may be shown: numbers, and words from fixed lists; never free text."""

from collections.abc import Mapping

from pydicom import uid
from pydicom.dataset import Dataset

from xai_core.images.scans.dicom_file import frames_of, transfer_syntax
from xai_core.images.scans.elements import MODALITY, PHOTOMETRIC, number, numbers, word, words

_SEQUENCES = {"SE": "spin echo", "IR": "inversion recovery", "GR": "gradient echo", "EP": "echo planar"}
_NUMBERS = {
    "RepetitionTime": ("Repetition time", "ms"),
    "EchoTime": ("Echo time", "ms"),
    "InversionTime": ("Inversion time", "ms"),
    "FlipAngle": ("Flip angle", "°"),
    "MagneticFieldStrength": ("Field strength", "T"),
    "SliceThickness": ("Slice thickness", "mm"),
    "SpacingBetweenSlices": ("Spacing between slices", "mm"),
    "KVP": ("Tube voltage", "kV"),
}


def modality_of(dataset: Dataset) -> str:
    """The modality's code; "OT" (other) for a word that DICOM does not define."""
    return word(dataset, "Modality", MODALITY) or "OT"


def dicom_tags(dataset: Dataset) -> Mapping[str, str]:
    """Name and value of each technical fact that the file states."""
    tags = {"Modality": modality_of(dataset)}
    said = [_SEQUENCES[code] for code in words(dataset, "ScanningSequence") if code in _SEQUENCES]
    if said:
        tags["Sequence"] = ", ".join(said)
    tags |= {title: f"{found:g} {unit}" for key, (title, unit) in _NUMBERS.items() if (found := number(dataset, key))}
    spacing = numbers(dataset, "PixelSpacing", 2)
    if spacing:
        tags["Pixel spacing"] = f"{spacing[0]:g} x {spacing[1]:g} mm"
    tags["Matrix"] = f"{int(dataset.Columns)} x {int(dataset.Rows)}"
    if frames_of(dataset) > 1:
        tags["Frames"] = str(frames_of(dataset))
    tags["Bits stored"] = str(int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 0))
    tags["Photometric"] = word(dataset, "PhotometricInterpretation", PHOTOMETRIC) or "other"
    tags["Transfer syntax"] = _syntax_name(transfer_syntax(dataset))
    if dataset.get("ContrastBolusAgent"):
        tags["Contrast agent"] = "given"
    return tags


def _syntax_name(syntax: uid.UID) -> str:
    return syntax.name if syntax in uid.AllTransferSyntaxes else "other"
