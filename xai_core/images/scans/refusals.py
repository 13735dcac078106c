"""From whatever a reader raises to one sentence that quotes nothing of the file."""

from collections.abc import Iterator
from contextlib import contextmanager

from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from pydicom.errors import BytesLengthException, InvalidDicomError

from xai_core.errors import ImageError
from xai_core.images.refusals import DECODER_ERRORS

READER_ERRORS = (*DECODER_ERRORS, BytesLengthException, InvalidDicomError, HeaderDataError, ImageFileError)


@contextmanager
def reader_errors_refused(label: str, kind: str) -> Iterator[None]:
    """Turn each of a reader's errors into an ImageError; its own words may name a patient, so they are cut off."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{label} needs more memory than is free; give a smaller one or fewer slices.") from None
    except READER_ERRORS:
        raise ImageError(f"{label} is an incomplete, damaged or unusual {kind}; export it again.") from None
