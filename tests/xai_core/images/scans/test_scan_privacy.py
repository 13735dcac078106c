"""Files in which every free element is marked: no mark reaches what is kept, shown, raised, printed or logged."""

from __future__ import annotations

import dataclasses
import logging
import pickle
import traceback
import warnings
from pathlib import Path
from types import FunctionType

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.datadict import DicomDictionary, dictionary_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.xai_core.images.scans.made_dicom import file_bytes, made_stack, noise
from xai_core.errors import ImageError
from xai_core.images import load_image
from xai_core.images.scans import open_scans, slice_image

MARK, ROOT = "QZXMARK", "1.2.826.0.1.3680043.8.498.77777"
TEXTS = {"LO", "SH", "PN", "LT", "ST", "UT", "UC", "UR", "CS", "AE"}
NEEDED = {"Modality", "PhotometricInterpretation", "ImageType", "TransferSyntaxUID", "SOPClassUID"}
NUMBER = iter(range(1, 10**9))


def mark_everything(dataset: Dataset, depth: int = 0) -> Dataset:
    """Put a mark into every element of text, date and UID that DICOM defines and that pixels do not depend on."""
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if retired or not keyword or keyword in NEEDED or tag >> 16 in (0x0000, 0x0002, 0xFFFE):
            continue
        if vr in TEXTS:
            setattr(dataset, keyword, f"{MARK}{next(NUMBER)}"[: 16 if vr in ("SH", "CS", "AE") else None])
        elif vr == "UI":
            setattr(dataset, keyword, f"{ROOT}.{next(NUMBER)}")
        elif vr == "DA":
            setattr(dataset, keyword, "18991231")
        elif (
            vr == "SQ"
            and depth < 1
            and "Functional" not in keyword
            and "LUT" not in keyword
            and "Encrypt" not in keyword
        ):
            setattr(dataset, keyword, Sequence([mark_text(Dataset())]))
    return dataset


def mark_text(dataset: Dataset) -> Dataset:
    dataset.PatientName, dataset.CodeMeaning, dataset.ReferencedSOPInstanceUID = f"{MARK}^A", f"{MARK}B", f"{ROOT}.9"
    dataset.add_new(0x00111010, "LO", f"{MARK}PRIVATE")
    return dataset


def marked_stack(count: int = 9) -> list[Dataset]:
    """The first slices of nine; there are thousands of elements to mark in each."""
    series = f"{ROOT}.1"
    slices = [mark_everything(one) for one in made_stack(noise(9, 16, 14))[:count]]
    for one in slices:
        one.SeriesInstanceUID = series
        one.SeriesDescription, one.ScanningSequence, one.SequenceVariant = f"{MARK} T1", f"{MARK}SE", MARK
        one.WindowCenter, one.WindowWidth, one.WindowCenterWidthExplanation = 500.0, 900.0, f"{MARK}W"
        one.file_meta.ImplementationVersionName = MARK
        one.file_meta.SourceApplicationEntityTitle = MARK
        one.preamble = MARK.encode().ljust(128, b"\0")
    return slices


def everything_in(thing: object, seen: set[int] | None = None) -> str:
    """The text of an object and of all that it holds: fields, closures, data sets, bytes."""
    seen = seen if seen is not None else set()
    if id(thing) in seen or isinstance(thing, type | FunctionType):
        return ""
    seen.add(id(thing))
    if isinstance(thing, str | bytes):
        return repr(thing)
    if isinstance(thing, np.ndarray):
        return repr(thing.tobytes()) if thing.dtype != object else ""
    parts = [repr(thing)]
    if isinstance(thing, Dataset):
        parts += [everything_in(element, seen) for element in thing.iterall()]
    if isinstance(thing, dict):
        thing = [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset | Sequence):
        parts += [everything_in(part, seen) for part in thing]
    parts += [everything_in(part, seen) for part in getattr(thing, "__dict__", {}).values()]
    for name in ("func", "args", "keywords"):  # of a partial
        parts.append(everything_in(getattr(thing, name, None), seen))
    return " ".join(parts)


def assert_clean(text: str) -> None:
    for mark in (MARK, ROOT, "18991231", "SMITH"):
        assert mark not in text, text[max(text.index(mark) - 200, 0) : text.index(mark) + 100]


def test_the_marks_are_in_the_files_and_the_search_finds_them() -> None:
    data = file_bytes(marked_stack(1)[0])
    assert data.count(MARK.encode()) > 1000
    assert MARK in everything_in(pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)))
    assert MARK in everything_in([{"a": (MARK,)}])


def test_nothing_that_is_kept_of_a_series_holds_a_mark(tmp_path: Path) -> None:
    for number, one in enumerate(marked_stack()):
        (tmp_path / f"SMITH{number}.dcm").write_bytes(file_bytes(one))
    scans = open_scans(tmp_path)
    assert scans.series[0].slices == 9
    assert_clean(everything_in(scans))
    volume = scans.series[0].volume()
    assert_clean(everything_in(volume))
    assert_clean(everything_in(dataclasses.asdict(volume)))
    assert_clean(repr(pickle.dumps(volume)))
    assert_clean(everything_in(slice_image(volume, "coronal", 4)))


def test_a_single_picture_holds_no_mark(tmp_path: Path) -> None:
    path = tmp_path / "SMITH.dcm"
    path.write_bytes(file_bytes(marked_stack(1)[0]))
    assert_clean(everything_in(load_image(path)))
    assert_clean(everything_in(load_image(path.read_bytes(), name="SMITH")))


def marked_nifti() -> bytes:
    image = nib.Nifti1Image(noise(12, 11, 10), np.eye(4))
    for field in ("descrip", "aux_file", "db_name", "intent_name"):
        image.header[field] = f"{MARK}"[:10]
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", f"{MARK} comment".encode()))
    return image.to_bytes()


def test_nifti_texts_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "SMITH.nii"
    path.write_bytes(marked_nifti())
    series = open_scans(path).series[0]
    assert MARK.encode() in path.read_bytes()
    assert_clean(everything_in(series))
    assert_clean(everything_in(series.volume()))
    assert_clean(everything_in(load_image(path)))


BROKEN = {
    "pixels cut": {"PixelData": b"\0" * 30},
    "rows": {"Rows": 60000, "Columns": 60000},
    "photometric": {"PhotometricInterpretation": f"{MARK}PI"},
    "modality": {"Modality": MARK},
    "no pixels": {"PixelData": None},
    "bits": {"BitsAllocated": 7},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_no_refusal_traceback_log_or_warning_holds_a_mark(
    kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = marked_stack(1)[0]
    for keyword, value in BROKEN[kind].items():
        if value is None:
            delattr(one, keyword)
        else:
            setattr(one, keyword, value)
    path = tmp_path / "SMITH^JOHN.dcm"
    path.write_bytes(file_bytes(one).replace(b"DS\x0a\x00", b"DS\x0a\x00"))
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as told:
        for read in (load_image, lambda source: everything_in(open_scans(source).series[0].volume())):
            try:
                assert_clean(everything_in(read(path)))
            except ImageError as error:
                assert_clean(str(error) + repr(error))
                assert_clean("".join(traceback.format_exception(error)).replace(str(tmp_path), ""))
    out, err = capfd.readouterr()
    assert_clean(caplog.text + out + err + "".join(str(warning.message) for warning in told))


def test_a_value_that_cannot_be_parsed_is_not_quoted() -> None:
    one = made_stack(noise(9, 16, 14), WindowCenter=1.0, WindowWidth=2.0)[0]
    data = file_bytes(one).replace(b"DS\x04\x001.0 ", f"DS\x04\x00{'SMITH'[:4]}".encode())
    try:
        text = everything_in(open_scans(data).series[0].volume())
    except ImageError as error:
        text = "".join(traceback.format_exception(error))
    assert "SMIT" not in text


def test_burned_in_text_is_warned_of() -> None:
    one = made_stack(noise(9, 16, 14), BurnedInAnnotation="YES")[0]
    assert any("burned into the pixels" in note for note in load_image(file_bytes(one)).notes)


def test_the_tags_are_those_of_the_list() -> None:
    one = made_stack(noise(9, 16, 14), RepetitionTime=500.0, EchoTime=12.5, MagneticFieldStrength=1.5)[0]
    one.ScanningSequence = ["SE", "IR"]
    assert dict(open_scans(file_bytes(one)).series[0].tags) == {
        "Modality": "MR",
        "Sequence": "spin echo, inversion recovery",
        "Repetition time": "500 ms",
        "Echo time": "12.5 ms",
        "Field strength": "1.5 T",
        "Slice thickness": "1 mm",
        "Pixel spacing": "0.5 x 0.5 mm",
        "Matrix": "14 x 16",
        "Bits stored": "16",
        "Photometric": "MONOCHROME2",
        "Transfer syntax": uid.ExplicitVRLittleEndian.name,
    }


def test_the_dictionary_was_walked() -> None:
    assert dictionary_keyword(0x00100010) == "PatientName"
    assert sum(element.VR in TEXTS for element in marked_stack(1)[0]) > 1000
