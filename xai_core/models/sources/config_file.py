"""A model's card as a small YAML file beside its weights, for people to read and to write."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import yaml

from xai_core.errors import ModelError
from xai_core.models.answering import answered_anew, is_two
from xai_core.models.class_names import LONGEST, MOST, is_plain
from xai_core.models.load import single
from xai_core.types import (
    Answer,
    AnswerKind,
    ChannelOrder,
    CropStart,
    Fit,
    Interpolation,
    LoadedModel,
    ModelConfig,
    ResizeRule,
)

SMALLEST_SIDE, LARGEST_SIDE = 8, 2048  # pixels of an input
LONGEST_TEXT = 2000  # characters
MAX_BYTES = 2 * 1024**3  # of a model's file, and of what it unpacks to
LARGEST_FILE = 4 * 2**20  # bytes; a hundred thousand class names need less
_FIELDS = (  # in the order of the file
    "title", "architecture", "class_names", "input_size", "mean", "std", "channel_order", "resize", "labels", "answer",
    "licence", "notes", "default_layer", "settled",
)  # fmt: skip
_LABELS: tuple[AnswerKind, ...] = ("one", "several")
_RULES = {"shorter_side", "interpolation", "antialias", "head_side", "fit", "crop_start"}


def write_config(config: ModelConfig) -> str:
    """The card as YAML text; `read_card` gives it back."""
    told = asdict(config)
    for name, usual in (("fit", "crop"), ("crop_start", "round")):
        if told["resize"][name] == usual:
            del told["resize"][name]  # earlier versions do not know the word
    told["settled"] = dict(config.settled) or None
    told |= _written_answer(config.answer)
    kept = {name: told[name] for name in _FIELDS if told[name] is not None}
    text: str = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return text


def read_config(text: str, key: str) -> ModelConfig:
    """The card of a YAML text under a key of the catalogue; ModelError: the first thing that is wrong with it."""
    content = _parsed(text)
    unknown = sorted(map(str, content.keys() - set(_FIELDS)))
    if unknown:
        raise ModelError(
            f"The card has an unknown entry '{unknown[0][:40]}'; it may have {', '.join(sorted(_FIELDS))}."
        )
    mean, std = (_numbers(content, name) for name in ("mean", "std"))
    config = ModelConfig(
        key=key,
        title=_text(content, "title", key),
        source=f"a file, read as {content['architecture']}" if "architecture" in content else "a file",
        licence=_text(content, "licence", "the owner's"),
        input_size=_size(content.get("input_size")),
        mean=mean,
        std=std,
        resize=_rule(content.get("resize", {})),
        class_names=_names(content.get("class_names")),
        notes=tuple(_texts(content, "notes")),
        default_layer=_text(content, "default_layer", "") or None,
        channel_order=_one_of(content, "channel_order", get_args(ChannelOrder)),
        architecture=_text(content, "architecture", "") or None,
        answer=_answer(content),
        settled=_settled(content.get("settled", {})),
    )
    check_config(config)
    return config


def check_config(config: ModelConfig) -> None:
    """ModelError for a card that no picture could be prepared by."""
    allowed = f"{SMALLEST_SIDE} to {LARGEST_SIDE} are allowed"
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in config.input_size):
        raise ModelError(f"The input is {config.input_size[0]} × {config.input_size[1]} pixels; sides of {allowed}.")
    if len(config.mean) not in (1, 3) or len(config.mean) != len(config.std):
        raise ModelError("The mean and the spread have one number each for grey pictures, or three each for colour.")
    if not all(map(math.isfinite, (*config.mean, *config.std))) or min(config.std) <= 0:
        raise ModelError("Means are finite numbers and spreads finite numbers above 0, for pictures scaled to 0 to 1.")
    for name, length in (("shorter side", config.resize.shorter_side), ("head side", config.resize.head_side)):
        if length is not None and not SMALLEST_SIDE <= length <= LARGEST_SIDE:
            raise ModelError(f"The {name} is {length} pixels; {allowed}.")
    if len(config.class_names) < 2 and config.answer.kind != "number":
        raise ModelError("There must be names of at least two classes; only a measure has one.")
    if len(config.class_names) != 2 and config.answer.kind == "yes_no":
        raise ModelError(f"A yes or no has two names, of no and of yes; the card has {len(config.class_names)}.")
    if len(set(config.class_names)) != len(config.class_names):
        twice = next(name for name in config.class_names if config.class_names.count(name) > 1)
        raise ModelError(f"Two classes are called “{twice[:60]}”; give each its own name.")


def read_file(path: Path) -> tuple[bytes, str]:
    """A model file's bytes and its name without the suffix."""
    try:
        if not path.is_file():  # a pipe would wait for ever, a device give without end
            raise ModelError(f"{path.name[:80]} is no file; check its path.")
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path.name} is larger than {MAX_BYTES / 1e9:.1f} GB; it is not opened.")
        return path.read_bytes(), path.stem
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read ({error.strerror}); check its path.") from error


def config_of(config: ModelConfig | Path | str | None, title: str) -> ModelConfig | None:
    """The card itself, or the one in a YAML file; None for none."""
    if config is None or isinstance(config, ModelConfig):
        return config
    return read_config(read_file(Path(config))[0].decode(errors="replace"), title)


def refuse_other_count(config: ModelConfig, classes: int, channels: int) -> None:
    """ModelError where the card is for another number of outputs or channels than the network's. A single output has
    one name where it is a measure, and two where it is a yes or no."""
    named = len(config.class_names)
    if (classes != named and (classes, named) != (1, 2)) or channels != len(config.mean):
        raise ModelError(
            f"The network of {config.title} has {classes} classes and {channels} input channels; its "
            f"card says {named} and {len(config.mean)}."
        )


def carded(model: LoadedModel, config: ModelConfig, keys: str) -> LoadedModel:
    """The network under another card; its key, of the source with these `keys`, tells weights and card apart.

    ModelError: the card is impossible, or it is for another number of classes or channels than the model's own.
    """
    two = is_two(model.module)
    outputs = 1 if two else len(model.config.class_names)
    if outputs == 1:
        config = single(config, None, config.answer.kind)
        if two != (config.answer.kind == "yes_no"):
            model = replace(model, module=answered_anew(model.module, two=not two))
    check_config(config)
    refuse_other_count(config, outputs, len(model.config.mean))
    told = hashlib.sha256(f"{model.digest}\n{write_config(config)}".encode()).hexdigest()[:16]
    return replace(model, config=replace(config, key=f"{keys}{told}"))


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > LARGEST_FILE:
        raise ModelError(f"The card has {len(text) / 2**20:.0f} MB; a card has at most {LARGEST_FILE // 2**20} MB.")
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ModelError("The card has YAML references (*name); write the values out.")  # they can multiply
        content = yaml.safe_load(text)
    except ModelError:
        raise
    except Exception as error:  # a stranger's text makes the parser raise anything
        raise ModelError("The card is not valid YAML; write it as the dashboard's Download card does.") from error
    if not isinstance(content, Mapping):
        raise ModelError("The card has no entries; it needs at least class_names, input_size, mean and std.")
    return content


def _text(content: Mapping[str, Any], name: str, default: str) -> str:
    value = content.get(name, default)
    if not isinstance(value, str) or not is_plain(value, LONGEST_TEXT):
        raise ModelError(f"The card's {name} must be one line of at most {LONGEST_TEXT} characters without a link.")
    return value


def _texts(content: Mapping[str, Any], name: str) -> Sequence[str]:
    values = content.get(name, [])
    if not isinstance(values, list) or not all(isinstance(v, str) and is_plain(v, LONGEST_TEXT) for v in values):
        raise ModelError(
            f"The card's {name} must be a list of texts of at most {LONGEST_TEXT} characters without links."
        )
    return values


def _names(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= MOST:
        raise ModelError("The card's class_names must be a list of at least two names, in the order of the outputs.")
    if not all(isinstance(value, (str, int, float)) and not isinstance(value, bool) for value in values):
        raise ModelError(
            "Some class_names are no texts: YAML reads a bare yes, no, on, off or null so; put them in quotes."
        )
    names = tuple(str(value) for value in values)
    if not all(name and is_plain(name) for name in names):
        raise ModelError(f"The card's class_names must be printable texts of 1 to {LONGEST} characters without links.")
    return names


def _numbers(content: Mapping[str, Any], name: str) -> tuple[float, ...]:
    values = content.get(name)
    if not isinstance(values, list) or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        raise ModelError(f"The card's {name} must be a list of one or three numbers, such as [0.485, 0.456, 0.406].")
    return tuple(float(value) for value in values)


def _written_answer(answer: Answer) -> dict[str, Any]:
    """Plain classes as earlier versions read them: `labels`; everything else as a table of its own."""
    plain = answer.kind in _LABELS and not answer.output
    table = {name: value for name, value in asdict(answer).items() if value}
    return {"labels": answer.kind, "answer": None} if plain else {"labels": None, "answer": table}


def _answer(content: Mapping[str, Any]) -> Answer:
    table = content.get("answer", {})
    if not isinstance(table, Mapping) or table.keys() - {"kind", "unit", "output"}:
        raise ModelError("The card's answer may have kind, unit and output, and nothing else.")
    allowed = get_args(AnswerKind) if table else _LABELS
    kind: AnswerKind = _one_of(table, "kind", allowed) if table else _one_of(content, "labels", allowed)
    return Answer(kind, _text(table, "unit", ""), _text(table, "output", ""))


def _settled(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise ModelError("The card's settled must be a table of names and words, such as {head_activation: gelu}.")
    return tuple(value.items())


def _size(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or not all(type(side) is int for side in value):
        raise ModelError("The card's input_size must be [height, width] in pixels, such as [224, 224].")
    return value[0], value[1]


def _rule(value: object) -> ResizeRule:
    if not isinstance(value, Mapping) or value.keys() - _RULES:
        raise ModelError(f"The card's resize may have {', '.join(sorted(_RULES))}, and nothing else.")
    lengths = {name: value.get(name) for name in ("shorter_side", "head_side")}
    if not all(length is None or type(length) is int for length in lengths.values()):
        raise ModelError("The card's shorter_side and head_side are whole numbers of pixels, or null.")
    antialias = value.get("antialias", True)
    if not isinstance(antialias, bool):
        raise ModelError("The card's antialias is true or false.")
    interpolation: Interpolation = _one_of(value, "interpolation", get_args(Interpolation))
    fit: Fit = _one_of(value, "fit", get_args(Fit))
    start: CropStart = _one_of(value, "crop_start", get_args(CropStart))
    return ResizeRule(lengths["shorter_side"], interpolation, antialias, lengths["head_side"], fit, start)


def _one_of(content: Mapping[str, Any], name: str, allowed: Sequence[Any]) -> Any:
    value = content.get(name, allowed[0])
    if value not in allowed:
        raise ModelError(f"The card's {name} must be {' or '.join(allowed)}.")
    return value
