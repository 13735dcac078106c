"""The digests of a folder's weights, by which they are recognised when they are read."""

import hashlib
from pathlib import Path

from xai_core.models.weights_file import SUMS


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over the folder's .safetensors files, as the command sha256sum does."""
    weights = sorted(folder.glob("*.safetensors"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in weights]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
