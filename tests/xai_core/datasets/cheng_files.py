"""Files made in the format of Cheng's collection: MATLAB 7.3, as MATLAB itself lays a struct out in HDF5."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Apr 03 11:29:03 2017 HDF5 schema 1.00 ."
USER_BLOCK = 512  # MATLAB's own header stands before the HDF5 file
FIELDS = ("label", "PID", "image", "tumorBorder", "tumorMask")


def as_matlab(group: h5py.Group, name: str, values: np.ndarray, kind: str) -> h5py.Dataset:
    """A matrix (rows, columns) as MATLAB stores it: columns first, so that HDF5 sees it transposed."""
    made = group.create_dataset(name, data=np.atleast_2d(values).T, compression="gzip", chunks=True)
    made.attrs["MATLAB_class"] = np.bytes_(kind)
    return made


def as_text(group: h5py.Group, name: str, text: str) -> h5py.Dataset:
    """A row of characters: 16-bit numbers, which MATLAB is told to read as text."""
    made = as_matlab(group, name, np.array([ord(letter) for letter in text], np.uint16), "char")
    made.attrs["MATLAB_int_decode"] = np.int32(2)
    return made


def tumour(number: int, side: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A head with a light tumour right of its middle, int16 (rows, columns), wider than high; and its outline."""
    y, x = np.mgrid[:side, : side + 16]
    head = np.hypot(y - side / 2, x - side / 2 - 8) < side * 0.42
    outline = np.hypot(y - side * 0.4, x - side * 0.7) < side * 0.1
    noise = np.random.default_rng(number).integers(0, 40, head.shape)
    return (np.where(outline, 1100, np.where(head, 500, 0)) + noise).astype(np.int16), outline


def mat_file(number: int, label: int, patient: str = "100360", without: str = "", by_reference: bool = False) -> bytes:
    """One numbered file. without: a field that is missing. by_reference: as an element of an array of structs."""
    image, outline = tumour(number)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=USER_BLOCK) as file:
        struct = file.create_group("cjdata")
        struct.attrs["MATLAB_class"] = np.bytes_("struct")
        home = file.create_group("#refs#") if by_reference else struct
        as_matlab(home, "label", np.array(float(label)), "double")
        as_text(home, "PID", patient)
        as_matlab(home, "image", image, "int16")
        as_matlab(home, "tumorBorder", np.argwhere(outline)[::5].ravel().astype(float), "double")
        as_matlab(home, "tumorMask", outline.astype(np.uint8), "logical").attrs["MATLAB_int_decode"] = np.int32(1)
        if without:
            del home[without]
        if by_reference:
            for name in home:
                struct.create_dataset(name, data=np.array([[home[name].ref]], h5py.ref_dtype))
    data = buffer.getvalue()
    return HEADER.ljust(124, b" ") + b"\x00\x02IM".rjust(4) + data[128:]


def write_files(folder: Path, labels: Mapping[int, tuple[int, str]]) -> None:
    """A folder of numbered files. labels: label and patient of each number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (label, patient) in labels.items():
        (folder / f"{number}.mat").write_bytes(mat_file(number, label, patient))


def zipped(labels: Mapping[int, tuple[int, str]]) -> bytes:
    """One of the published zips."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (label, patient) in labels.items():
            archive.writestr(f"{number}.mat", mat_file(number, label, patient))
    return buffer.getvalue()
