"""Weights on the disk count only where their content is the published one: by its SHA-256, whenever they are read."""

import hashlib
from pathlib import Path

from xai_core.errors import ModelError

SUMS = "SHA256SUMS"  # beside bundled weights, as the command sha256sum writes it: digest, two spaces, name


def refuse_other_content(path: Path, sha256: str, remedy: str) -> None:
    """ModelError, one sentence that ends with the remedy, where the file's SHA-256 does not start with `sha256`.

    Takes 0.06 s for 100 MB, so nothing is remembered from one reading to the next.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _refusal(path, f"cannot be read ({error.strerror})", remedy) from error
    _compare(path, found, sha256, remedy)


def bundled_weights(path: Path, remedy: str = "install Sightline again", sha256: str | None = None) -> bytes:
    """The content of a file of weights that was installed. ModelError: it is missing, or not as it was made.

    sha256: its digest; by default the one in SHA256SUMS beside the file.
    """
    try:
        content = path.read_bytes()
        expected = sha256 or _sums(path.with_name(SUMS))[path.name]
    except OSError as error:
        raise _refusal(path, f"cannot be read ({error.strerror})", remedy) from error
    except (KeyError, ValueError) as error:
        raise _refusal(path, f"are not among those of {SUMS}", remedy) from error
    _compare(path, hashlib.sha256(content).hexdigest(), expected, remedy)
    return content


def _sums(path: Path) -> dict[str, str]:
    """{name: digest}; ValueError: a line of another form."""
    lines = path.read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def _compare(path: Path, found: str, expected: str, remedy: str) -> None:
    if not found.startswith(expected):
        raise _refusal(
            path, f"are not as they were published: their SHA-256 starts with {found[:8]}, not {expected[:8]}", remedy
        )


def _refusal(path: Path, reason: str, remedy: str) -> ModelError:
    return ModelError(f"The weights {path.name} {reason}; {remedy}.")
