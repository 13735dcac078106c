"""Files that attack, through the pages themselves: one sentence each, never an error of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.xai_core.images.scans.made_dicom import file_bytes, made_slice, noise

PAGES = Path(__file__).resolve().parents[2] / "pages"
PIXELS = noise(32, 24)
SCANS = {
    "voxels without end": file_bytes(made_slice(PIXELS, PixelSpacing=["1e308", "1e308"])),
    "absurd rows": file_bytes(made_slice(PIXELS, Rows=60_000, Columns=60_000)),
    "a million items": file_bytes(made_slice(PIXELS)) + b"\xfe\xff\x00\xe0\0\0\0\0" * 1_000_000,
    "a zip of nothing but a directory": b"PK\x03\x04" + b"PK\x01\x02" * 60_000,
    "a gzip of nothing": b"\x1f\x8b\x08\x00",
}
HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
MODELS = {
    "weights of lies.safetensors": len(HEADER).to_bytes(8, "little") + HEADER,
    "a header of 2^63 bytes.safetensors": (2**63).to_bytes(8, "little"),
    "a call of eval.pth": b"c__builtin__\neval\n(S'1'\ntR.",
    "no model.onnx": b"\x08\x07" + b"\xff" * 64,
    "[a](http://evil.example) :red[b].pt": b"nothing",
}


PICTURES = {"[a](http://evil.example) :red[b].png": b"\x89PNG\r\n\x1a\n", "no picture.tif": b"II*\0\xff\xff\xff\xff"}
UPLOADS = [
    *(("mri", "", "scan.dcm", data) for data in SCANS.values()),
    *(("models", "A file of weights", name, data) for name, data in MODELS.items()),
    *((page, "Your own pictures", name, data) for page in ("explain", "units") for name, data in PICTURES.items()),
]
IDS = [*SCANS, *MODELS, *(f"{page}: {name}" for page in ("explain", "units") for name in PICTURES)]


@pytest.mark.parametrize(("page", "label", "name", "data"), UPLOADS, ids=IDS)
def test_a_file_that_attacks_gets_a_sentence(page: str, label: str, name: str, data: bytes):
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=120).run()
    next(u for u in app.file_uploader if u.label.startswith(label)).upload(name, data).run()
    assert not app.exception
    said = [element.value for element in (*app.error, *app.warning)]
    assert said
    assert not any("on our side" in sentence or "Traceback" in sentence for sentence in said)
    assert not any("[a](http" in sentence or ":red[b" in sentence for sentence in said)
