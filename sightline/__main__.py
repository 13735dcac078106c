"""The command `sightline`, also `python -m sightline`: it starts the dashboard, or explains one picture."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sightline import HOME, __version__

if TYPE_CHECKING:
    from xai_core.types import Explanation, LoadedModel, Prediction

BAD_INPUT = 2
TOP = 5
HINTS = 12
USAGE = """sightline [--models DIR] [--section.option VALUE ...]
       sightline explain PICTURE [--model KEY] [--method KEY] [--layer NAME] [--class CLASS] [--out FILE]"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code: 0, or 2 where the input makes no sense, with one sentence on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["explain"]:
        return _explain(_explain_parser().parse_args(given[1:]))
    parser = _dashboard_parser()
    options, others = parser.parse_known_args(given)
    trouble = _trouble_with(others)
    if trouble:
        parser.error(trouble)
    _offer(options.models)
    return _start_dashboard(others)


def _dashboard_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "sightline",
        usage=USAGE,
        description="See where an image classifier looks. Without a command, the dashboard opens in your browser.",
        epilog="Streamlit's options are passed on, such as --server.port 8600 or --server.headless true. "
        "`sightline explain --help` tells how to explain one picture without a browser.",
        allow_abbrev=False,
    )
    _add_models(parser)
    parser.add_argument("--version", action="version", version=f"Sightline {__version__}", help="print it")
    return parser


def _explain_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "sightline explain",
        description="Draw where a model looks for a class in a picture, and say what it predicts.",
        allow_abbrev=False,
    )
    parser.add_argument("picture", metavar="PICTURE", help="a picture, a DICOM file or a NIfTI volume")
    parser.add_argument("--model", default="imagenet", metavar="KEY", help='"imagenet" (the default), "digits", ...')
    parser.add_argument(
        "--method", default="grad_cam", metavar="KEY", help='"grad_cam" (the default), "score_cam", ...'
    )
    parser.add_argument("--layer", metavar="NAME", help="by default the one that the model suggests")
    parser.add_argument("--class", dest="target", metavar="CLASS", help="index or name; by default the predicted one")
    parser.add_argument("--out", type=Path, metavar="FILE", help="PNG to write; by default PICTURE-heat-map.png here")
    _add_models(parser)
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=_folder, metavar="DIR", help="a folder of your own models, with their cards")


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f'there is no folder "{text}"; name the one that holds the models.')
    return Path(text).resolve()


def _offer(models: Path | None) -> None:
    if models is not None:
        os.environ["SIGHTLINE_MODELS"] = str(models)


def _trouble_with(options: Sequence[str]) -> str | None:
    """What is wrong with options that go to Streamlit, which wants `--section.option VALUE` pairs; None: nothing."""
    waiting = list(options)
    while waiting:
        option = waiting.pop(0)
        if not option.startswith("-"):
            return f'there is no command "{option}"; to explain a picture: sightline explain PICTURE.'
        if not option.startswith("--") or "." not in option.partition("=")[0]:
            return f'there is no option "{option}"; Streamlit\'s are written like --server.port 8600.'
        if "=" not in option:
            if not waiting:
                return f"{option} needs a value."
            waiting.pop(0)
    return None


def _start_dashboard(options: Sequence[str]) -> int:
    from streamlit.web import cli  # not at the top: `sightline explain` does without Streamlit

    return int(cli.main(["run", str(HOME / "streamlit_app.py"), *options], "sightline", standalone_mode=True) or 0)


def _explain(options: argparse.Namespace) -> int:
    _offer(options.models)
    out = options.out or Path(f"{Path(options.picture).stem}-heat-map.png")
    if out.suffix.lower() != ".png":
        return _refuse(f'--out: "{out}" is no PNG; give a name that ends in .png.')
    from PIL import Image  # not at the top: importing the library takes seconds

    import xai_core as xai

    try:
        image = xai.load_image(options.picture)
        model = _load_model(options.model)
        prediction = xai.predict(model, image)
        classes = None if options.target is None else [class_index(prediction, options.target)]
        result = xai.explain(model, image, options.method, _layers(model, options.layer), classes)
        Image.fromarray(xai.overlay(image, result)).save(out, "PNG")
    except xai.SightlineError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f'"{out}" cannot be written ({error.strerror}); name another file by --out.')
    print(_told(options.picture, model, prediction, result))
    print(f"Heat map: {out}")
    return 0


def _load_model(key: str) -> LoadedModel:
    import xai_core as xai

    keys = [config.key for config in xai.model_configs()]
    if key not in keys:
        raise xai.ModelError(f'There is no model "{key}"; {_hint(key, keys)}')
    return xai.load_model(key, on_progress=_show_download)


def _layers(model: LoadedModel, name: str | None) -> list[str] | None:
    """The layer that was named, or None for the model's own choice. LayerError: it has none of that name."""
    import xai_core as xai

    if name is None:
        return None
    names = [layer.name for layer in xai.layers(model)]
    if name not in names and name not in dict(model.module.named_modules()):
        raise xai.LayerError(f'{model.config.title} has no layer "{name}"; {_hint(name, names)}')
    return [name]


def class_index(prediction: Prediction, target: str) -> int:
    """The class that an index or a name means; capitals do not matter. ClassError: none, or several of that name.

    A name may be one of several that the class has, "tabby" of "tabby, tabby cat".
    """
    from xai_core.errors import ClassError

    indices: dict[str, list[int]] = {}
    for index, name in enumerate(prediction.class_names):
        for one in {name.casefold(), *name.casefold().split(", ")}:
            indices.setdefault(one, []).append(index)
    found = indices.get(target.strip().casefold(), [])
    if len(found) > 1:
        raise ClassError(f'Several classes are called "{target}": {", ".join(map(str, found))}; give an index.')
    if not found and target.isascii() and target.isdigit() and int(target) < len(prediction.class_names):
        return int(target)
    if not found:
        raise ClassError(f'The model has no class "{target}"; {_hint(target.casefold(), list(indices))}')
    return found[0]


def _hint(asked: str, known: Sequence[str]) -> str:
    """What to do next: names like the one that was asked for, or that hold it, else the first that there are."""
    close = [name for name in known if asked in name][:3] or difflib.get_close_matches(asked, known, 3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"choose one of {', '.join(known[:HINTS])}{', ...' if len(known) > HINTS else '.'}"


def _show_download(received: int, total: int) -> None:
    """One line that counts, on a terminal only."""
    if sys.stderr.isatty():
        end = "\n" if received >= total else ""
        print(f"\rDownloading the weights: {received >> 20} of {total >> 20} MB", end=end, file=sys.stderr, flush=True)


def _told(picture: str, model: LoadedModel, prediction: Prediction, result: Explanation) -> str:
    """What the model predicts, as a table, then how the map came about and where its evidence lies."""
    from xai_core.attribution.catalog import find_method
    from xai_core.render.describe import describe
    from xai_core.render.recipe import recipe_line, said, signed

    best = prediction.top(TOP)
    width = max(len(one.name) for one in best)
    table = [("class", "", "prob.", "score")]
    table += [(str(one.index), one.name, said(one, prediction.answer), signed(one.score)) for one in best]
    rows = [f"{index:>5}  {name:<{width}}  {share:>7}  {score:>7}" for index, name, share, score in table]
    layer = next(iter(result.maps))
    return "\n".join(
        (
            f"{picture} · {model.config.title}",
            *rows,
            recipe_line(result, find_method(result.method).title, layer),
            describe(result.maps[layer][0]),
        )
    )


def _refuse(sentence: str) -> int:
    print(f"sightline: {sentence}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
