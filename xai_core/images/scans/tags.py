"""The technical facts of a scan that may be shown: numbers, and words from fixed lists; never free text."""

from collections.abc import Callable, Mapping

from pydicom import uid
from pydicom.dataset import Dataset

from xai_core.images.scans.dicom_file import frames_of, transfer_syntax
from xai_core.images.scans.elements import MODALITY, PHOTOMETRIC, number, numbers, word, words

_SEQUENCES = {"SE": "spin echo", "IR": "inversion recovery", "GR": "gradient echo", "EP": "echo planar"}
_ECHOES = {"SPIN": "spin echo", "GRADIENT": "gradient echo", "BOTH": "spin echo, gradient echo"}
# Where enhanced files have them: the functional group and the element in it (PS3.3 C.8.13.5, C.8.15.3, C.7.6.16.2).
_GROUPS = {
    "RepetitionTime": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
    "InversionTime": ("MRModifierSequence", "InversionTimes"),
    "FlipAngle": ("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    "SliceThickness": ("PixelMeasuresSequence", "SliceThickness"),
    "SpacingBetweenSlices": ("PixelMeasuresSequence", "SpacingBetweenSlices"),
    "KVP": ("CTXRayDetailsSequence", "KVP"),
}
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


def dicom_tags(dataset: Dataset, group: Callable[[str], Dataset]) -> Mapping[str, str]:
    """Name and value of each technical fact that the file states. group: the frame's functional group of a keyword."""
    tags = {"Modality": modality_of(dataset)}
    said = [_SEQUENCES[code] for code in words(dataset, "ScanningSequence") if code in _SEQUENCES]
    echo = _ECHOES.get(next(iter(words(dataset, "EchoPulseSequence")), ""))
    if said or echo:
        tags["Sequence"] = ", ".join(said) or str(echo)
    for key, (title, unit) in _NUMBERS.items():
        place, inside = _GROUPS.get(key, ("", ""))
        found = (number(group(place), inside) if place else None) or number(dataset, key)
        if found:
            tags[title] = f"{found:g} {unit}"
    spacing = numbers(group("PixelMeasuresSequence"), "PixelSpacing", 2) or numbers(dataset, "PixelSpacing", 2)
    if spacing:
        tags["Pixel spacing"] = f"{spacing[0]:g} x {spacing[1]:g} mm"
    tags["Matrix"] = f"{int(dataset.Columns)} x {int(dataset.Rows)}"
    if frames_of(dataset) > 1:
        tags["Frames"] = str(frames_of(dataset))
    tags["Bits stored"] = str(int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 0))
    tags["Photometric"] = word(dataset, "PhotometricInterpretation", PHOTOMETRIC) or "other"
    tags["Transfer syntax"] = _syntax_name(transfer_syntax(dataset))
    if _contrast_given(dataset, group("ContrastBolusUsageSequence")):
        tags["Contrast agent"] = "given"
    return tags


def _contrast_given(dataset: Dataset, usage: Dataset) -> bool:
    """Enhanced files list the agents, and say of each frame whether they were in the body by then."""
    administered = words(usage, "ContrastBolusAgentAdministered")
    if administered:
        return administered[0] == "YES"
    return bool(dataset.get("ContrastBolusAgent") or dataset.get("ContrastBolusAgentSequence"))


def _syntax_name(syntax: uid.UID) -> str:
    return syntax.name if syntax in uid.AllTransferSyntaxes else "other"
