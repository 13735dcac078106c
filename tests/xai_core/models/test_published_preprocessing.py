"""Oracles, bit for bit: timm's own transform for every configuration in its registry, torchvision's for all weights."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from timm.models import PretrainedCfg
from torchvision.models import get_model_weights, list_models

import xai_core as xai
from xai_core.images.display import display_pixels
from xai_core.models.preprocess import covered_box, model_view, prepare
from xai_core.models.sources.checkpoint.opening import timm_rule
from xai_core.models.sources.config_file import read_config, write_config
from xai_core.types import Box, ModelConfig, ResizeRule, SourceImage


def config(rule: ResizeRule, size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]) -> ModelConfig:
    return ModelConfig("test", "Test", "", "", size, tuple(mean), tuple(std), rule, ("a", "b"))


def configurations() -> dict[str, PretrainedCfg]:
    """One for each way of preparing pictures, by a name that has it; those of all tags, and those without weights."""
    found: dict[tuple[object, ...], tuple[str, PretrainedCfg]] = {}
    for name in (*timm.list_models(), *timm.list_pretrained()):
        given = timm.get_pretrained_cfg(name)
        if given is not None:
            way = (given.input_size, given.crop_pct, given.crop_mode, given.interpolation, given.mean, given.std)
            found.setdefault(way, (name, given))
    return dict(found.values())


CONFIGURATIONS = configurations()


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def odd_pictures() -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (60, 91, 4), np.uint8)
    yield "2000 x 20", saved(Image.fromarray(random.integers(0, 256, (20, 2000, 3), np.uint8)), "PNG")
    yield "portrait", saved(Image.fromarray(random.integers(0, 256, (317, 233, 3), np.uint8)), "PNG")
    yield "RGBA", saved(Image.fromarray(colours), "PNG")
    yield "CMYK", saved(Image.fromarray(colours).convert("RGB").convert("CMYK"), "JPEG")
    yield "16 bit", saved(Image.fromarray(random.integers(0, 65536, (60, 91), np.uint16)), "PNG")
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright
    yield "EXIF", saved(Image.fromarray(colours[..., :3]), "JPEG", exif=turned)


SMALL = SourceImage(np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8), "5 x 7", "photograph", "0")
PICTURES = {"5 x 7": SMALL} | {name: xai.load_image(data, name=name) for name, data in odd_pictures()}


def test_the_odd_pictures_are_read_as_they_are_meant() -> None:
    assert PICTURES["EXIF"].size == (91, 60)
    assert PICTURES["2000 x 20"].size == (20, 2000)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_of_timm_prepares_as_timm_does(name: str) -> None:
    given = CONFIGURATIONS[name]
    assert given.interpolation in ("bilinear", "bicubic")  # a new one would need a word of its own
    assert given.crop_mode in ("center", "squash", "border")
    own = config(timm_rule(given), given.input_size[1:], given.mean, given.std)
    transform = create_transform(**resolve_data_config(pretrained_cfg=given.to_dict()))
    for what in PICTURES if max(own.input_size) <= 256 else ("portrait", "5 x 7"):  # large ones take their time
        expected = transform(Image.fromarray(display_pixels(PICTURES[what])))
        assert torch.equal(prepare(own, PICTURES[what]).tensor[0], expected), what


def weights() -> dict[str, object]:
    return {str(entry): entry for name in list_models() for entry in get_model_weights(name) if _classifies(entry)}


def _classifies(entry: object) -> bool:
    return hasattr(entry.transforms(), "crop_size") and hasattr(entry.transforms(), "antialias")  # type: ignore[attr-defined]


@pytest.mark.slow
def test_all_weights_of_torchvision_prepare_as_torchvision_does() -> None:
    seen = set()
    for name, entry in weights().items():
        preset = entry.transforms()  # type: ignore[attr-defined]
        rule = ResizeRule(preset.resize_size[0], preset.interpolation.value, bool(preset.antialias))
        own = config(rule, (preset.crop_size[0], preset.crop_size[0]), preset.mean, preset.std)
        if (rule, own.input_size, own.mean) in seen:
            continue
        seen.add((rule, own.input_size, own.mean))
        for what, picture in PICTURES.items():
            expected = preset(Image.fromarray(display_pixels(picture)))
            assert torch.equal(prepare(own, picture).tensor[0], expected), (name, what)
    assert len(seen) > 10


GREYS = ((0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(
    ("rule", "size", "box"),
    [
        (ResizeRule(100, fit="stretch"), (200, 400), Box(40, 20, 360, 180)),  # 80 of 100, of each side
        (ResizeRule(80, fit="stretch"), (200, 400), Box(0, 0, 400, 200)),
        (ResizeRule(80, fit="pad"), (200, 400), Box(0, -100, 400, 300)),  # all of it, and as much above and below
        (ResizeRule(100, fit="pad"), (200, 400), Box(40, -60, 360, 260)),
        (ResizeRule(80, fit="pad"), (400, 200), Box(-100, 0, 300, 400)),
        (ResizeRule(80, fit="crop"), (200, 400), Box(100, 0, 300, 200)),
    ],
)
def test_the_box_is_the_hand_computed_one(rule: ResizeRule, size: tuple[int, int], box: Box) -> None:
    picture = SourceImage(np.zeros((*size, 3), np.uint8), "a.png", "photograph", "0")
    own = config(rule, (80, 80), *GREYS)
    assert prepare(own, picture).box == box
    assert covered_box(own, size) == box


@pytest.mark.parametrize("fit", ["crop", "stretch", "pad"])
def test_the_values_lie_where_the_box_says(fit: str) -> None:
    """A picture whose red tells x and whose green tells y, read back through the box."""
    height, width = 307, 211
    red = np.rint(np.linspace(0, 255, width))[None, :].repeat(height, axis=0)
    green = np.rint(np.linspace(0, 255, height))[:, None].repeat(width, axis=1)
    pixels = np.stack([red, green, np.zeros_like(red)], axis=2).astype(np.uint8)
    own = config(ResizeRule(240, fit=fit), (224, 224), *GREYS)  # type: ignore[arg-type]
    given = prepare(own, SourceImage(pixels, "a.png", "photograph", "0"))
    seen = model_view(own, given).astype(float)
    for start, end, length, values in (
        (given.box.left, given.box.right, width, seen[112, :, 0]),
        (given.box.top, given.box.bottom, height, seen[:, 112, 1]),
    ):
        step = (end - start) / 224
        at = start + (np.arange(224) + 0.5) * step - 0.5
        inside = (at > 5) & (at < length - 6)
        assert inside.sum() > 50
        assert np.abs(values / 255 * (length - 1) - at)[inside].max() < max(0.6, length / 255)


@pytest.mark.parametrize(("order", "mean"), [("RGB", (0.1, 0.5, 0.9)), ("BGR", (0.9, 0.5, 0.1)), ("RGB", (0.4,))])
def test_what_is_missing_has_the_mean_colour_so_that_the_network_reads_zeros(
    order: str, mean: tuple[float, ...]
) -> None:
    own = config(ResizeRule(80, fit="pad"), (80, 80), mean, (1.0,) * len(mean))
    own = ModelConfig(**(vars(own) | {"channel_order": order}))
    picture = SourceImage(np.full((20, 80, 3), 255, np.uint8), "a.png", "photograph", "0")
    read = prepare(own, picture).tensor
    assert read[0, :, :29].abs().max() < 0.5 / 255 + 1e-6  # the fill is a whole grey level
    assert read[0, :, 31:49].min() > 0.05


@pytest.mark.parametrize("fit", ["crop", "stretch", "pad"])
def test_a_card_keeps_the_fit(fit: str) -> None:
    own = config(ResizeRule(240, "bicubic", fit=fit), (224, 224), *GREYS)  # type: ignore[arg-type]
    text = write_config(own)
    assert ("fit" in text) == (fit != "crop")
    assert read_config(text, "test").resize == own.resize
