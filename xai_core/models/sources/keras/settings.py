"""What a Keras layer's configuration says, taken entry by entry: what nobody took and means something is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from xai_core.errors import ModelError
from xai_core.models.class_names import as_prose

# What decides nothing once a network is trained.
_IDLE = {
    "name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape", "build_config", "momentum",
    "synchronized", "fused", "virtual_batch_size", "renorm_momentum", "lora_rank", "lora_alpha", "quantization_config",
    "gptq_unpacked_column_size", "seed", "noise_shape", "rate", "autocast", "implementation", "data_format", "sparse",
    "ragged", "optional", "input_dtype", "value_range",
}  # fmt: skip
_IDLE_ENDINGS = ("_initializer", "_regularizer", "_constraint")
_FLOATS = ("float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


class Settings:
    """A layer's entries. kind, name: as refusals say them."""

    def __init__(self, kind: str, entries: Mapping[str, Any]) -> None:
        self.kind = kind
        self.name = str(entries.get("name", ""))
        self._left = {key: value for key, value in entries.items() if not _idle(key)}
        self._refuse_layout(entries)

    def take(self, key: str, default: Any = None) -> Any:
        return self._left.pop(key, default)

    def number(self, key: str, default: float) -> float:
        value = _unwrapped(self.take(key, default))
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
            raise self.refused(key)
        return value

    def whole(self, key: str) -> int:
        value = self.take(key)
        if type(value) is not int or not 0 < value < 2**24:
            raise self.refused(key)
        return value

    def flag(self, key: str, default: bool = True) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise self.refused(key)
        return value

    def pair(self, key: str, default: int | None = None) -> tuple[int, int]:
        """(rows, columns), from one number or two."""
        value = self.take(key, default)
        pair = (value, value) if type(value) is int else value
        if not isinstance(pair, list | tuple) or len(pair) != 2 or any(type(v) is not int or v < 1 for v in pair):
            raise self.refused(key)
        return pair[0], pair[1]

    def sides(self, key: str) -> tuple[int, int, int, int]:
        """(top, bottom, left, right), from one number, two, or two pairs."""
        value = self.take(key)
        pairs = [(v, v) if type(v) is int else v for v in (value if _long(value, 2) else (value, value))]
        if not all(_long(pair, 2) and all(type(v) is int and 0 <= v < 2**16 for v in pair) for pair in pairs):
            raise self.refused(key)
        (top, bottom), (left, right) = pairs
        return top, bottom, left, right

    def one_of(self, key: str, allowed: Sequence[str], default: str) -> str:
        value = self.take(key, default)
        if value not in allowed:
            raise self.refused(key)
        return str(value)

    def last_axis(self, rank: int, key: str = "axis") -> None:
        """ModelError unless the axis is the last one."""
        value = self.take(key, -1)
        value = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
        if value not in (-1, rank - 1):
            raise self.refused(key)

    def done(self) -> None:
        """ModelError where an entry is left that asks for something."""
        for key, value in self._left.items():
            if value not in (None, False) and value != []:
                raise self.refused(key)

    def refused(self, key: str) -> ModelError:
        return ModelError(
            f"The layer '{plain(self.name)}' ({plain(self.kind)}) is in a form that is not supported ({plain(key)}); "
            "export the network to ONNX: model.export('model.onnx', format='onnx')."
        )

    def _refuse_layout(self, entries: Mapping[str, Any]) -> None:
        if entries.get("data_format") not in (None, "channels_last"):
            raise self.refused("channels_first")
        kind = policy(entries.get("dtype"))
        if kind not in _FLOATS:
            raise self.refused(f"dtype {kind}")


def policy(value: Any) -> str:
    """The name of a layer's kind of numbers."""
    inner = value.get("config") if isinstance(value, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else value
    return "float32" if name is None else str(name)


def plain(text: str) -> str:
    """A text of the file as prose: short, and nothing in it that would be drawn as anything but text."""
    return as_prose(text)[:60]


def _idle(key: str) -> bool:
    return key in _IDLE or key.endswith(_IDLE_ENDINGS)


def _long(value: Any, length: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == length


def _unwrapped(value: Any) -> Any:
    """Keras 2 wrote some numbers as arrays."""
    inner = value.get("config") if isinstance(value, dict) else None
    return inner.get("value") if isinstance(inner, dict) else value
