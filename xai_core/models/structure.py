"""The digest of what a network computes with its weights: two networks may share weights and names, and differ."""

import hashlib
from types import CodeType, FunctionType

from torch import nn

_PLAIN = (bool, int, float, str, bytes, type(None))


def structure_digest(module: nn.Module) -> str:
    """SHA-256 hex over every part's kind, settings (strides, slopes, functions, ...) and the code of its forward.

    The same after a restart and wherever the code lies. Not seen: code outside the network that forward calls.
    """
    digest = hashlib.sha256()
    for name, part in module.named_modules():
        public = {key: value for key, value in vars(part).items() if not key.startswith("_") and key != "training"}
        settings = [(key, _spelled(value)) for key, value in sorted(public.items())]
        forward = _spelled(getattr(type(part), "forward", None))
        facts = repr((name, type(part).__qualname__, settings, forward))
        digest.update(facts.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def structure_key(module: nn.Module) -> tuple[object, ...] | None:
    """Equal for networks that differ in their weights' values alone; None where a closure holds what no digest sees."""
    if any(_closes_over(value) for part in module.modules() for value in vars(part).values()):
        return None
    shapes = tuple((name, tuple(tensor.shape)) for name, tensor in module.named_parameters())
    return structure_digest(module), shapes


def _closes_over(value: object) -> bool:
    return isinstance(value, FunctionType) and value.__closure__ is not None


def _spelled(value: object) -> object:
    """What is fit for a digest: nothing that changes with the process, the file or the line."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple | list):
        return [_spelled(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_spelled(one)) for one in value)  # in another order in every process
    if isinstance(value, FunctionType):
        return _spelled(value.__code__)
    if isinstance(value, CodeType):
        return value.co_code, value.co_names, value.co_varnames, _spelled(value.co_consts)
    return type(value).__qualname__
