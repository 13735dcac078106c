"""From whatever a decoder raises to one sentence for the person at the screen."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from xai_core.errors import ImageError, SightlineError
from xai_core.images.limits import Limits, too_many_pixels


@contextmanager
def decoder_errors_refused(label: str, limits: Limits, format_: str | None = None) -> Iterator[None]:
    """Turn each of a decoder's errors into an ImageError of one sentence that holds none of the decoder's own words."""
    kind = f" {format_.replace('WEBP', 'WebP')}" if format_ else ""
    try:
        yield
    except SightlineError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(too_many_pixels(label, limits)) from error
    except MemoryError as error:
        raise ImageError(f"{label} needs more memory than is free; scale it down first.") from error
    except Exception as error:  # a damaged file makes a decoder raise anything; a warning too, where they are errors
        raise ImageError(
            f"{label} is an incomplete, damaged or unusual{kind} picture; get it again or save it as an ordinary PNG."
        ) from error


def label_of(name: str | None) -> str:
    """How a message calls the picture: by the caller's name for it, on one line and not too long."""
    if not name:
        return "The picture"
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(shown) > 80:
        shown = f"{shown[:40]}...{shown[-37:]}"
    return f'The file "{shown}"'
