"""Damaged, lying, empty and foreign files: one sentence each, and never a crash."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, made_stack, noise
from xai_core.errors import ImageError
from xai_core.images import Limits, load_image
from xai_core.images.scans import ScanLimits, open_scans, slice_values

PIXELS = noise(32, 24)
GOOD = file_bytes(made_slice(PIXELS))
AT_MOST = "at most 300 million and 20000 along an axis are read, so crop it or give fewer slices."
CUT_OFF = "a DICOM file that is cut off in its header; copy it again."
NO_IMAGE = "is a DICOM file without an image, such as a report, a plan or a directory; give the image files."


def without_pixels(**elements: object) -> bytes:
    return file_bytes(made_slice(PIXELS, PixelData=None, **elements))


def report() -> bytes:
    dataset = made_slice(PIXELS, PixelData=None, Rows=None, Columns=None, Modality="SR")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid.BasicTextSRStorage
    return file_bytes(dataset)


def compressed(frame: bytes, syntax: uid.UID, **elements: object) -> bytes:
    dataset = made_slice(PIXELS, **elements)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    return file_bytes(dataset)


def huge_jpeg() -> bytes:
    """A tiny frame whose header claims 65500 x 65500 pixels."""
    frame = bytearray(imagecodecs.ljpeg_encode(PIXELS.astype(np.uint16), bitspersample=16))
    at = frame.index(b"\xff\xc3")
    frame[at + 5 : at + 9] = (65500).to_bytes(2, "big") * 2
    return bytes(frame)


def deflated(size: int) -> bytes:
    """A deflated file whose second part unpacks to so many zeros."""
    dataset = made_slice(PIXELS)
    dataset.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    head = file_bytes(dataset)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return head[: 144 + int.from_bytes(head[140:144], "little")] + packer.compress(bytes(size)) + packer.flush()


def with_private(*parts: bytes) -> bytes:
    """A private sequence of undefined length with this in it, before the elements of the image."""
    begins = b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff"
    at = GOOD.index(b"\x18\x00\x50\x00")
    return GOOD[:at] + begins + b"".join(parts) + b"\xfe\xff\xdd\xe0\0\0\0\0" + GOOD[at:]


def nested(depth: int) -> bytes:
    """Sequences within sequences."""
    item, end = b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0"
    begins, ends = b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff" + item, end + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return with_private(item, begins * depth, ends * depth, end)


def zipped(data: bytes, *, encrypted: bool = False) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", data)
    packed = bytearray(stream.getvalue())
    if encrypted:
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            packed[packed.index(mark) + at] |= 1
    return bytes(packed)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "A file is empty; give a DICOM or NIfTI file."),
        (bytes(5000), "A file begins with zeros only, as an interrupted copy does; copy it again."),
        (b"just a note", "A file is not a scan that can be read; give DICOM or NIfTI files, or a zip of them."),
        (GOOD[:-600], "The scan is an incomplete, damaged or unusual DICOM image; export it again."),
        *((GOOD[:end], f"A file is {CUT_OFF}") for end in (140, 180, 200, 400, 560)),
        (report(), f"A file {NO_IMAGE}"),
        (without_pixels(), "A file is a DICOM image without its pixels, as an interrupted copy is; copy it again."),
        (
            without_pixels(EncryptedAttributesSequence=[Dataset()]),
            "A file is an encrypted DICOM file; decrypt it first, where it was made.",
        ),
        (
            bytes.fromhex("3082100006092a864886f70d010703") + bytes(50),
            "A file is encrypted; decrypt it first, where it was made.",
        ),
        (
            file_bytes(made_slice(PIXELS, Rows=60000, Columns=60000)),
            f"A file says that it has 60000 x 60000 x 1 voxels; {AT_MOST}",
        ),
        (
            file_bytes(made_slice(PIXELS, NumberOfFrames=2_000_000_000)),
            f"A file says that it has 24 x 32 x 2000000000 voxels; {AT_MOST}",
        ),
        (
            file_bytes(made_slice(PIXELS, Rows=0)),
            "A file says that it has 24 x 0 x 1 voxels; a scan needs at least one along each axis.",
        ),
        (
            file_bytes(made_slice(PIXELS, Rows=4000, Columns=4000)),
            "The scan is an incomplete, damaged or unusual DICOM image; export it again.",
        ),
        (
            file_bytes(made_slice(np.zeros((32, 24), np.int16))),
            "The scan holds the value 0 everywhere, so there is nothing to see; export it again.",
        ),
        (
            file_bytes(made_slice(PIXELS, BitsAllocated=13)),
            "The scan is an incomplete, damaged or unusual DICOM image; export it again.",
        ),
        (
            compressed(huge_jpeg(), uid.JPEGLosslessSV1),
            "The scan says 24 x 32 pixels, but a frame in it 65500 x 65500; export it again.",
        ),
        (
            compressed(b"\xff\xd8 no picture", uid.JPEGBaseline8Bit),
            "The scan is an incomplete, damaged or unusual DICOM image; export it again.",
        ),
        *(
            (nested(depth), "A file is an incomplete, damaged or unusual DICOM file; export it again.")
            for depth in (1000, 100_000)
        ),
        (
            with_private(b"\xfe\xff\x00\xe0\0\0\0\0" * 1_000_000),
            "A file holds more than 150,000 items; export it again, one series at a time.",
        ),
        (
            file_bytes(made_slice(PIXELS, PixelSpacing=["1e308", "1e308"])),
            "The scan says that its voxels are 1 to 1e+308 mm apart; export it again.",
        ),
        (zipped(GOOD, encrypted=True), "A file is encrypted; make the zip again without a password."),
        (zipped(GOOD)[:-30], "The zip is damaged; make it again."),
    ],
)
def test_it_is_refused_in_these_words(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageError) as caught:
        open_scans(data).series[0].volume()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("source", [(), [], "no/such/folder"])
def test_nothing_given_is_refused(source: object) -> None:
    with pytest.raises(ImageError, match=r"^(No file was given; give|A file or folder that was named does not exist)"):
        open_scans(source)  # type: ignore[arg-type]


def test_a_deflated_file_that_unpacks_to_gigabytes_is_refused_without_unpacking_it() -> None:
    with pytest.raises(ImageError, match="unpacks to more than 5 MB; give a smaller one"):
        open_scans(deflated(40_000_000), limits=ScanLimits(max_bytes=5_000_000))


@pytest.mark.parametrize("seed", range(40))
def test_a_randomly_damaged_file_is_read_or_refused(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = [file_bytes(one) for one in made_stack(noise(3, 16, 16), RescaleSlope=1.0, RescaleIntercept=0.0)]
    whole[0] = compressed(imagecodecs.ljpeg_encode(PIXELS.astype(np.uint16), bitspersample=16), uid.JPEGLosslessSV1)
    for data in whole:
        damaged = bytearray(data)
        for at in random.integers(132, len(data), 12):
            damaged[at] = random.integers(0, 256)
        sentence = refusal(bytes(damaged[: random.integers(400, len(data) + 1)]))
        assert sentence is None or (sentence.endswith(".") and ". " not in sentence)


def refusal(data: bytes) -> str | None:
    """The sentence with which a file is refused; None where it is read."""
    try:
        for series in open_scans(data).series:
            series.volume()
    except ImageError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (12, np.uint16), (16, np.uint16), (12, np.int16)])
def test_lossless_jpeg_gives_every_bit_back(bits: int, kind: type) -> None:
    pixels = (np.arange(32 * 24).reshape(32, 24) * 5 % 2**bits).astype(kind)
    if kind is np.int16:
        pixels -= 2 ** (bits - 1)
    unsigned = (pixels & (2**bits - 1)).astype(np.uint16 if bits > 8 else np.uint8)
    frame = imagecodecs.ljpeg_encode(unsigned, bitspersample=bits)
    signed = int(kind is np.int16)
    stored = {"BitsAllocated": pixels.dtype.itemsize * 8, "BitsStored": bits, "HighBit": bits - 1}
    data = compressed(frame, uid.JPEGLosslessSV1, PixelRepresentation=signed, **stored)
    volume = open_scans(data).series[0].volume()
    np.testing.assert_array_equal(slice_values(volume, "axial", 0), pixels)


def test_a_single_picture_is_the_middle_slice_without_the_files_name() -> None:
    voxels = noise(5, 16, 12)
    dataset = made_slice(voxels, NumberOfFrames=5)
    image = load_image(file_bytes(dataset), name="SMITH^JOHN.dcm")
    np.testing.assert_array_equal(image.pixels, voxels[2].astype(np.float32))
    assert (image.kind, image.name, image.spacing_mm) == ("scan", "MR slice", (0.5, 0.5))
    assert "The file holds 5 slices; the middle one was taken." in image.notes


def test_a_single_picture_keeps_to_the_limits_of_pictures() -> None:
    with pytest.raises(ImageError, match=r"The scan has 24 x 32 pixels; at most 0\.001 million are read"):
        load_image(GOOD, limits=Limits(max_pixels=500))
    with pytest.raises(ImageError, match="The scan has 4 x 4 pixels; each side needs at least 8"):
        load_image(file_bytes(made_slice(noise(4, 4))))


def test_a_scan_that_is_no_scan_is_refused_without_its_name(tmp_path: Path) -> None:
    path = tmp_path / "SMITH^JOHN.nii.gz"
    path.write_bytes(b"text")
    with pytest.raises(ImageError) as caught:
        load_image(path)
    assert "SMITH" not in str(caught.value)
