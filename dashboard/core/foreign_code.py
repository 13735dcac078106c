"""Errors that foreign code raised over what a visitor brought: told from our own, and said in one sentence.

Files and networks of anybody's make the libraries that read and run them raise whatever they like. What the library
`xai_core` foresees it refuses itself, in better words; this is for the rest.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from types import CodeType

_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(f"{_ROOT / name}{os.sep}" for name in ("xai_core", "dashboard", "pages", "sightline"))
_STANDARD = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<")  # "<": generated or frozen
_READERS = ("csv", "encodings", "gzip", "json", "pickle", "sqlite3", "tarfile", "xml", "zipfile")
_INSTALLED = ("site-packages", "dist-packages")  # which may lie below the standard library
_SCREEN = ("streamlit", "plotly")  # what they refuse, we gave them: no visitor's file reaches them as it came

_MEMORY = "This needs more memory than is free; choose a smaller picture, a smaller model or fewer pictures."
_DISK = "The server's disk refused ({reason}); try again later, or tell whoever runs the server."
_ADVICE = {
    "The picture could not be worked with": (
        ("PIL", "imagecodecs", "skimage"),
        "save it as an ordinary PNG, or choose another",
    ),
    "The scan could not be worked with": (
        ("gzip", "highdicom", "nibabel", "pydicom"),
        "export it again as plain DICOM or NIfTI, or choose another",
    ),
    "The model could not be asked this": (
        ("onnx", "onnxruntime", "safetensors", "safetensors_rust", "timm", "torch", "torchvision", "transformers"),
        "choose another layer, method or model",
    ),
    "These pictures could not be worked through": (
        ("csv", "faiss", "h5py", "pandas", "pyarrow", "scipy", "sklearn", "sqlite3", "tarfile", "umap", "zipfile"),
        "choose other pictures, another layer or another kind of map",
    ),
    "The file could not be made": (("reportlab",), "take another format along"),
}
_ANY = ("This could not be done with what is chosen", "choose another picture, layer or model")


def foreign_refusal(error: Exception) -> str | None:
    """One sentence for an error that foreign code raised; None for an error of our own, or of the screen's.

    It names the library and the error's type, and quotes nothing: the library's words may hold a patient's name.
    """
    if isinstance(error, MemoryError):
        return _MEMORY
    library = raised_by(error)
    if library is None:
        return None
    if library == "" and isinstance(error, OSError):
        return _DISK.format(reason=error.strerror or type(error).__name__)
    what, advice = next(((what, advice) for what, (libraries, advice) in _ADVICE.items() if library in libraries), _ANY)
    named = f"{library}: {type(error).__name__}" if library else type(error).__name__
    return f"{what} ({named}); {advice}. The server's log says more."


def raised_by(error: Exception) -> str | None:
    """The foreign library that raised an error, by the name that it is imported under; "" where compiled code did of
    which nothing more is known. None: our own code did, or the screen's."""
    for name, code in _innermost_first(error):
        if code.co_filename.startswith(_OURS):
            return _compiled(error)
        if name in _SCREEN:
            return None
        if name in _READERS or not _is_standard(code):
            return name
    return None


def _innermost_first(error: Exception) -> Iterator[tuple[str, CodeType]]:
    """The calls that the error came through, each by its module's first name."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        yield str(frame.f_globals.get("__name__", "")).partition(".")[0], frame.f_code


def _is_standard(code: CodeType) -> bool:
    place = code.co_filename
    return place.startswith(_STANDARD) and not any(folder in place for folder in _INSTALLED)


def _compiled(error: Exception) -> str | None:
    """Which library's compiled code raised an error in a line of ours: it leaves no call of its own behind.

    Our own mistakes are TypeErrors, KeyErrors and their like; RuntimeErrors and OSErrors we raise nowhere.
    """
    library = type(error).__module__.partition(".")[0]
    if library not in sys.stdlib_module_names and library not in ("xai_core", "dashboard", "sightline", *_SCREEN):
        return library
    return "" if isinstance(error, (RuntimeError, OSError)) and not isinstance(error, NotImplementedError) else None
