"""What a pass can be made on: one tensor of pictures, by a network that reads nothing else."""

from __future__ import annotations

import inspect
from functools import lru_cache

from torch import Tensor, nn

from xai_core.errors import ModelError


def refuse_inputs(module: nn.Module, inputs: object) -> None:
    """ModelError in one sentence where `inputs` are no pictures (n, c, H, W), or the network cannot take them alone."""
    if not isinstance(inputs, Tensor):
        raise ModelError(
            f"A {type(inputs).__name__} was given as the pictures; give one tensor (n, c, H, W). A network that reads "
            "more than pictures needs a module around it that adds the rest."
        )
    if inputs.ndim != 4 or not inputs.is_floating_point():
        kind = str(inputs.dtype).removeprefix("torch.")
        raise ModelError(
            f"Pictures are float numbers (n, c, H, W); {kind} {tuple(inputs.shape)} was given. Networks of signals or "
            "volumes (Conv1d, Conv3d) have no map on a picture."
        )
    others = _needed(type(module).forward)
    if others:
        raise ModelError(
            f"The network's forward also needs {', '.join(others)}; wrap it in a module whose forward takes the "
            "pictures alone and adds the rest."
        )


@lru_cache(256)
def _needed(forward: object) -> tuple[str, ...]:
    """What a forward needs beside self and the pictures."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    missing = [p.name for p in parameters if p.kind in plain and p.default is inspect.Parameter.empty]
    return tuple(missing[2:])
