"""Names of classes that a trainer kept beside the weights, as ImageFolder, ultralytics and transformers write them."""

from collections.abc import Iterator, Mapping

from xai_core.models.class_names import MOST, is_plain

_PLACES = (
    "class_to_idx", "idx_to_class", "class_names", "classnames", "classes", "names", "id2label", "label2id",
    "idx2label", "label_names", "labels", "vocab",
)  # fmt: skip
_DEPTH = 3


def kept_names(content: object) -> tuple[tuple[str, ...], ...]:
    """Each list of names in the file, in the order of the outputs; the head says which has the right number."""
    found = (_in_order(value) for value in _values(content, _DEPTH, set()))
    return tuple(dict.fromkeys(names for names in found if names))


def _values(content: object, depth: int, seen: set[int]) -> Iterator[object]:
    if not isinstance(content, Mapping) or id(content) in seen:
        return
    seen.add(id(content))
    yield from (content[place] for place in _PLACES if place in content)
    if depth:
        for name, value in content.items():
            if name not in _PLACES:
                yield from _values(value, depth - 1, seen)


def _in_order(value: object) -> tuple[str, ...]:
    """A list of names, {name: number} or {number: name}; empty for anything else, and for what no screen may show."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
        if all(type(number) is int for _, number in pairs):
            pairs = [(number, name) for name, number in pairs]
        numbered = {str(number): name for number, name in pairs}
        value = [numbered.get(str(number)) for number in range(len(pairs))]
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MOST:
        return ()
    names = tuple(" ".join(name.split()) if isinstance(name, str) else "" for name in value)
    return names if all(name and is_plain(name) for name in names) and len(set(names)) == len(names) else ()
