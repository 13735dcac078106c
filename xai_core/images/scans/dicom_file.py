"""From the bytes of a DICOM file to what may be known of it: a fixed list of elements, and no other."""

import re
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import dcmread, uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag

from xai_core.errors import ImageError
from xai_core.images.scans.elements import PHOTOMETRIC, VOI_FUNCTION, numbers, word
from xai_core.images.scans.limits import ScanLimits, check_voxels
from xai_core.images.scans.refusals import reader_errors_refused

_LUTS = ("ModalityLUTSequence", "VOILUTSequence")
_HUES = ("Red", "Green", "Blue")
_PALETTES = tuple(f"{hue}PaletteColorLookupTableData" for hue in _HUES)
_WHOLE = (
    *("SamplesPerPixel", "PlanarConfiguration", "Rows", "Columns", "NumberOfFrames"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *(f"{hue}PaletteColorLookupTableDescriptor" for hue in _HUES),
)
_REAL = ("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth")
_WORDS = {"PhotometricInterpretation": PHOTOMETRIC, "VOILUTFunction": VOI_FUNCTION}
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_BULK = (
    *PIXELS,
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    *_PALETTES,
    *(f"Segmented{hue}PaletteColorLookupTableData" for hue in _HUES),
)
_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # how an item begins, in either byte order
_MOST_ITEMS = 150_000  # of sequences and of frames: pydicom reads each by itself, some ten thousand a second
# Read while sorting into stacks, then dropped: of the UIDs only a salted digest is kept, of the description nothing.
SORTING_ELEMENTS = (
    *("SOPInstanceUID", "SeriesInstanceUID", "SeriesDescription", "ImageType", "Modality", "BurnedInAnnotation"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness"),
    *("SpacingBetweenSlices", "GridFrameOffsetVector", "EchoTime", "TemporalPositionIdentifier", "DiffusionBValue"),
    *("AcquisitionNumber", "TriggerTime", "InversionTime", "EncryptedAttributesSequence"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("ScanningSequence", "SequenceVariant", "RepetitionTime", "MagneticFieldStrength", "FlipAngle", "KVP"),
    *("ContrastBolusAgent", "ContrastBolusAgentSequence", "EchoPulseSequence", "PixelPresentation"),
)
# Of a Siemens mosaic: the owners of its private elements, and the header that each of them may have (`mosaic.tiles`).
_MOSAIC = tuple(tag for block in (0x10, 0x11, 0x12) for tag in ((0x29, block), (0x29, block << 8 | 0x10)))


def read_dicom(data: bytes, label: str, limits: ScanLimits) -> Dataset:
    """The listed elements of a DICOM file that holds pixels, with its transfer syntax; nothing is decoded yet.

    Raises ImageError for damage, encryption, files without an image, and absurd sizes.
    """
    if sum(map(data.count, _ITEMS)) > _MOST_ITEMS:
        raise ImageError(f"{label} holds more than {_MOST_ITEMS:,} items; export it again, one series at a time.")
    with reader_errors_refused(label, "DICOM file"):
        _check_inflated(data, label, limits)
        wanted: list[Any] = ["SOPClassUID", *_WHOLE, *_REAL, *_WORDS, *_BULK, *_LUTS, *SORTING_ELEMENTS, *_MOSAIC]
        dataset = dcmread(BytesIO(data), force=True, specific_tags=[Tag(one) for one in wanted])
        _refuse_no_image(dataset, label)
        check_voxels(_claimed_shape(dataset), label, limits)
        return dataset


def kept_pixels(dataset: Dataset) -> Dataset:
    """A new data set with the elements that its pixels need, and with nothing else: no text, no UID, no date."""
    kept = Dataset()
    for keyword in (*_WHOLE, *_REAL):
        kind: type = int if keyword in _WHOLE else float
        if found := numbers(dataset, keyword):
            setattr(kept, keyword, kind(found[0]) if len(found) == 1 else list(map(kind, found)))
    for keyword, allowed in _WORDS.items():
        if said := word(dataset, keyword, allowed):
            setattr(kept, keyword, said)
    for keyword in _BULK:
        if keyword in dataset:
            kept[keyword] = dataset[keyword]
    if dataset.original_encoding[1] is False:
        _swap_palettes(kept)
    for keyword in _LUTS:
        if dataset.get(keyword):
            setattr(kept, keyword, [_bare_lut(item) for item in dataset.get(keyword)])
    kept.set_original_encoding(*dataset.original_encoding)
    kept.file_meta = FileMetaDataset()
    kept.file_meta.TransferSyntaxUID = transfer_syntax(dataset)
    return kept


def _swap_palettes(kept: Dataset) -> None:
    """Bring palettes of 16-bit words into the byte order that pydicom takes for granted."""
    for keyword in _PALETTES:
        words = kept.get(keyword)
        entries = kept.get(keyword.replace("Data", "Descriptor"))
        if isinstance(words, bytes) and len(words) >= 2 * (entries[0] or 2**16):
            setattr(kept, keyword, np.frombuffer(words, ">u2").astype("<u2").tobytes())


def transfer_syntax(dataset: Dataset) -> uid.UID:
    """The syntax that the file names; for a file without that, the plain one that it was found to be in."""
    named = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    if named:
        return uid.UID(named)
    implicit, little = dataset.original_encoding
    if not little:
        return uid.ExplicitVRBigEndian
    return uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian


def frames_of(dataset: Dataset) -> int:
    return int(dataset.get("NumberOfFrames") or 1)


def _bare_lut(item: Dataset) -> Dataset:
    bare = Dataset()
    bare["LUTDescriptor"], bare["LUTData"] = item["LUTDescriptor"], item["LUTData"]
    return bare


def _claimed_shape(dataset: Dataset) -> tuple[int, ...]:
    samples = int(dataset.get("SamplesPerPixel") or 1)
    shape = (int(dataset.Columns), int(dataset.Rows), frames_of(dataset))
    return shape if samples == 1 else (*shape, samples)


def _refuse_no_image(dataset: Dataset, label: str) -> None:
    if any(name in dataset for name in PIXELS):
        return
    if "EncryptedAttributesSequence" in dataset:
        raise ImageError(f"{label} is an encrypted DICOM file; decrypt it first, where it was made.")
    if "Rows" in dataset:
        raise ImageError(f"{label} is a DICOM image without its pixels, as an interrupted copy is; copy it again.")
    if _should_hold_image(dataset):
        raise ImageError(f"{label} is a DICOM file that is cut off in its header; copy it again.")
    raise ImageError(
        f"{label} is a DICOM file without an image, such as a report, a plan or a directory; give the image files."
    )


def _should_hold_image(dataset: Dataset) -> bool:
    """Whether the file is of a class with an image, or ends before or within that word, as no whole file does."""
    meta = getattr(dataset, "file_meta", {})
    named = uid.UID(str(meta.get("MediaStorageSOPClassUID") or dataset.get("SOPClassUID") or ""))
    cut_within = not named.is_private and named.name == named  # a name of the standard that it does not have
    return not named or cut_within or "Image Storage" in named.name


def _check_inflated(data: bytes, label: str, limits: ScanLimits) -> None:
    """Raise ImageError where a deflated file unpacks to more than the limit; pydicom itself would unpack it all."""
    start = _deflated_start(data)
    unpacker, rest, size = zlib.decompressobj(-zlib.MAX_WBITS), data[start:] if start else b"", 0
    while rest and not unpacker.eof:
        size += len(unpacker.decompress(rest, 1 << 20))
        rest = unpacker.unconsumed_tail
        if size > limits.max_bytes:
            raise ImageError(f"{label} unpacks to more than {limits.max_bytes // 1_000_000} MB; give a smaller one.")


def _deflated_start(data: bytes) -> int:
    """Where the deflated part begins, after the meta information; 0 for a file in another syntax."""
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        return 0
    end = 144 + int.from_bytes(data[140:144], "little")
    return end if re.search(rb"1\.2\.840\.10008\.1\.2\.1\.99(?!\d)", data[144:end]) else 0
