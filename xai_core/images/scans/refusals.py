"""From whatever a reader raises to one sentence that quotes nothing of the file."""

from collections.abc import Iterator
from contextlib import contextmanager

from xai_core.errors import ImageError, SightlineError


@contextmanager
def reader_errors_refused(label: str, kind: str) -> Iterator[None]:
    """Turn each of a reader's errors into an ImageError; its own words may name a patient, so they are cut off."""
    try:
        yield
    except SightlineError:
        raise
    except MemoryError:
        raise ImageError(f"{label} needs more memory than is free; give a smaller one or fewer slices.") from None
    except Exception:  # a damaged or odd file makes a reader raise anything
        raise ImageError(f"{label} is an incomplete, damaged or unusual {kind}; export it again.") from None
