"""Every attribution method. A new one is one file with a `METHOD` record and one line here."""

from __future__ import annotations

from xai_core.attribution import grad_cam
from xai_core.attribution.method import Method
from xai_core.errors import NotApplicable
from xai_core.types import LoadedModel

METHODS: tuple[Method, ...] = (grad_cam.METHOD,)


def find_method(key: str) -> Method:
    """The method with this key; NotApplicable where there is none."""
    for method in METHODS:
        if method.key == key:
            return method
    raise NotApplicable(f"There is no method '{key}'; choose one of {', '.join(m.key for m in METHODS)}.")


def methods(model: LoadedModel) -> dict[str, str | None]:
    """{method key: None where it applies to this model, else the reason why it does not}."""
    input_shape = (1, len(model.card.mean), *model.card.input_size)
    return {method.key: method.reason_not(model.module, input_shape) for method in METHODS}
