"""Which processor to compute on."""

import torch


def pick_device(wanted: str | torch.device | None = None) -> torch.device:
    """`wanted` if given, else CUDA, else Apple's MPS, else the CPU."""
    if wanted is not None:
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
