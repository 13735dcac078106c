"""Which decoder reads which compressed DICOM syntax: permissively licensed ones only, one for each.

The plugin for lossless and 12-bit JPEG stands here: pydicom's own need GDCM, which cannot do 12 bits, or a GPL package.
"""

import re

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder

from xai_core.errors import ImageError
from xai_core.images.limits import check_jpeg_scans

_OURS = "imagecodecs"
_LOSSLESS = (uid.JPEGLossless, uid.JPEGLosslessSV1)
PLUGINS = {
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: _OURS,
    uid.JPEGLossless: _OURS,
    uid.JPEGLosslessSV1: _OURS,
    uid.JPEGLSLossless: "pyjpegls",
    uid.JPEGLSNearLossless: "pyjpegls",
    uid.JPEG2000Lossless: "pylibjpeg",
    uid.JPEG2000: "pylibjpeg",
    uid.HTJ2KLossless: "pylibjpeg",
    uid.HTJ2KLosslessRPCL: "pylibjpeg",
    uid.HTJ2K: "pylibjpeg",
    uid.RLELossless: "pydicom",
}

# pydicom's plugin protocol: these two names, and a function from (frame, runner) to bytes.
DECODER_DEPENDENCIES = dict.fromkeys((*_LOSSLESS, uid.JPEGExtended12Bit), (_OURS,))

_JPEG_SIZE = re.compile(rb"\xff([\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xf7])..(.)(..)(..)", re.DOTALL)
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_J2K_SIZE = re.compile(rb"\xff\x4f\xff\x51.{4}(.{4})(.{4})(.{4})(.{4})", re.DOTALL)
_START_OF_SCAN = 0xDA


def is_available(syntax: str) -> bool:
    return syntax in DECODER_DEPENDENCIES


def decode_frame(frame: bytes, runner: DecodeRunner) -> bytes:
    """One JPEG frame (lossless, or extended of one sample) as bytes in the container that the data set names."""
    if runner.transfer_syntax not in _LOSSLESS and runner.samples_per_pixel != 1:
        raise ValueError("extended JPEG in colour")  # libjpeg would convert the colours, which pydicom does itself
    pixels = imagecodecs.jpeg_decode(frame)
    runner.set_option("planar_configuration", 0)
    return pixels.astype(np.dtype(f"<u{runner.bits_allocated // 8}"), copy=False).tobytes()


def register() -> None:
    """Add the plugin to pydicom's decoders, once."""
    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(syntax)
        if _OURS not in decoder.available_plugins:
            decoder.add_plugin(_OURS, (__name__, "decode_frame"))


def check_frames(dataset: Dataset, frames: int, label: str) -> None:
    """Raise ImageError where a compressed frame says another size than the data set, before anything is decoded."""
    if dataset.file_meta.TransferSyntaxUID not in PLUGINS or "PixelData" not in dataset:
        return
    said = (int(dataset.Rows), int(dataset.Columns))
    offsets = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    table = offsets if all(offsets) else None
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames, extended_offsets=table):
        if frame.startswith(b"\xff\xd8"):
            check_jpeg_scans(frame, label)
        found = _frame_size(frame)
        if found and found != said:
            given = f"{found[1]} x {found[0]}"
            raise ImageError(f"{label} says {said[1]} x {said[0]} pixels, but a frame in it {given}; export it again.")


def _frame_size(frame: bytes) -> tuple[int, int] | None:
    """(height, width) in a JPEG, JPEG-LS or JPEG 2000 header; None where there is none to be found."""
    if frame.startswith(b"\xff\xd8"):
        return _jpeg_size(frame)
    found = _J2K_SIZE.search(frame, 0, 4096)
    if not found:
        return None
    right, bottom, left, top = (int.from_bytes(part, "big") for part in found.groups())
    return bottom - top, right - left


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    at = 2
    while (marker := _MARKER.search(frame, at)) and marker[1][0] != _START_OF_SCAN:
        found = _JPEG_SIZE.match(frame, marker.start())
        if found:
            return int.from_bytes(found[3], "big"), int.from_bytes(found[4], "big")
        at = marker.end() + int.from_bytes(frame[marker.end() : marker.end() + 2], "big")
    return None
