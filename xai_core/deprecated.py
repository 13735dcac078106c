"""Public names of the releases before 0.2: they work until 1.0 and warn once for each place that uses them."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def renamed_arguments(**new_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take `old=` for `new=`; TypeError where both are given."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old in new_names.keys() & kwargs.keys():
                new = new_names[old]
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() was given both '{new}' and its old name '{old}'.")
                warn(f"{function.__name__}({old}=...)", f"{new}=...")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate


def renamed_attribute(old: str, new: str) -> Any:
    """A property under the old name of a field."""

    def read(record: Any) -> Any:
        warn(f".{old}", f".{new}")
        return getattr(record, new)

    return property(read)


def warn(old: str, new: str) -> None:
    """A DeprecationWarning at the caller's caller."""
    warnings.warn(f"`{old}` is now `{new}`; the old name goes with 1.0.", DeprecationWarning, stacklevel=3)
