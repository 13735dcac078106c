"""Reading DICOM elements as what they ought to be: finite numbers, or words from fixed lists; else absent."""

import math
import re

from pydicom.dataset import Dataset

# DICOM PS3.3 C.7.3.1.1.1, those with pictures; any other word could be anything.
MODALITY = re.compile(
    "BI|BMD|CR|CT|DG|DX|ECG|EPS|ES|GM|HD|IO|IVOCT|IVUS|LS|MG|MR|NM|OAM|OCT|OP|OPM|OPT|OPV|OT|PT|PX|RF|RG|RTDOSE|"
    "RTIMAGE|SC|SEG|SM|TG|US|VA|XA|XC"
)
PHOTOMETRIC = re.compile("MONOCHROME[12]|RGB|YBR_(FULL|FULL_422|PARTIAL_420|ICT|RCT)|PALETTE COLOR")
VOI_FUNCTION = re.compile("LINEAR|LINEAR_EXACT|SIGMOID")


def word(dataset: Dataset, keyword: str, allowed: re.Pattern[str]) -> str:
    """The element's word where it is an allowed one; empty otherwise."""
    said = str(dataset.get(keyword) or "")
    return said if allowed.fullmatch(said) else ""


def words(dataset: Dataset, keyword: str) -> list[str]:
    """All words of an element, whatever they are: to look for one, never to keep."""
    value = dataset.get(keyword) or ()
    return [value] if isinstance(value, str) else [str(part) for part in value]


def number(dataset: Dataset, keyword: str) -> float | None:
    """A finite number, or None where the element is absent, empty, repeated or none."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
    """Finite numbers, exactly so many where a count is given, or None."""
    value = dataset.get(keyword)
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        found = tuple(float(part) for part in (value if hasattr(value, "__iter__") else (value,)))
    except (TypeError, ValueError):
        return None
    right = len(found) > 0 if count is None else len(found) == count
    return found if right and all(map(math.isfinite, found)) else None
