"""From a picture to a model's input: resize, centre crop, scale to [0, 1], normalise, and the box that this covers."""

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

from xai_core.errors import ImageError, ModelError
from xai_core.images.display import display_pixels
from xai_core.images.head_crop import HeadCrop, head_crop
from xai_core.types import Box, ModelConfig, ModelInput, SourceImage

# Scaling the shorter side of a very elongated picture makes the longer one huge: 1 x 8000 would become 256 x 2048000.
_MAX_RESIZED_PIXELS = 50_000_000


def prepare(config: ModelConfig, image: SourceImage, device: torch.device | str = "cpu") -> ModelInput:
    """The tensor (1, c, H, W) that the model reads, and the box of the picture that it covers; c is 3, or 1 for grey.

    Bit for bit what torchvision's `ImageClassification` preset and timm's `create_transform` give for the same picture.
    A card with a `head_side` reads the standardised crop to the head instead.
    Raises ImageError for a picture too elongated to be scaled, ModelError for a card with other numbers of channels.
    """
    if config.resize.head_side is not None:
        return head_input(config, head_crop(image, config.resize.head_side), device)
    height, width = image.size
    target = _resized_size(config, height, width)
    picture: Image.Image | torch.Tensor = Image.fromarray(display_pixels(image))
    if not config.resize.antialias:
        picture = F.pil_to_tensor(picture)  # PIL always smooths when it shrinks; torch's own resampling need not
    picture = F.resize(
        picture, target, InterpolationMode(config.resize.interpolation), antialias=config.resize.antialias
    )
    if config.resize.fit == "pad":
        picture = F.pad(picture, _padding(config, target), fill=_mean_colour(config))
    picture = _in_channels(_cropped(config, picture, target), len(config.mean))
    pixels = picture if isinstance(picture, torch.Tensor) else F.pil_to_tensor(picture)
    if config.channel_order == "BGR":
        pixels = pixels.flip(0)
    tensor = F.normalize(F.convert_image_dtype(pixels, torch.float32), list(config.mean), list(config.std))
    return ModelInput(tensor.unsqueeze(0).to(device), _box(config, (height, width), target))


def covered_box(config: ModelConfig, image: SourceImage | tuple[int, int]) -> Box:
    """The part of a picture that the model's input covers: the box that `prepare` gives.

    Its size (height, width) tells for most models; one that is cropped to the head must be seen (else ImageError).
    """
    side = config.resize.head_side
    if side is None:
        size = image if isinstance(image, tuple) else image.size
        return _box(config, size, _resized_size(config, *size))
    if isinstance(image, tuple):
        raise ImageError(f"{config.title} reads the crop to the head, so the picture is needed and not only its size.")
    return head_crop(image, side).box


def model_view(config: ModelConfig, model_input: ModelInput) -> np.ndarray:
    """What the model saw: uint8 (H, W, 3) RGB, the normalisation undone."""
    tensor = model_input.tensor[0].detach().cpu()
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (config.mean, config.std))
    pixels = (tensor * std + mean).clamp(0, 1).expand(3, -1, -1) * 255
    if config.channel_order == "BGR":
        pixels = pixels.flip(0)
    return pixels.round().to(torch.uint8).permute(1, 2, 0).numpy()


def _cropped(
    config: ModelConfig, picture: Image.Image | torch.Tensor, resized: list[int]
) -> Image.Image | torch.Tensor:
    """The centre of the resized picture; black where it lies outside."""
    top, left = (_crop_start(config, *sides) for sides in zip(resized, config.input_size, strict=True))
    rounded = config.resize.crop_start == "round"
    cut: Image.Image | torch.Tensor = (
        F.center_crop(picture, list(config.input_size)) if rounded else F.crop(picture, top, left, *config.input_size)
    )
    return cut


def _in_channels(image: Image.Image | torch.Tensor, channels: int) -> Image.Image | torch.Tensor:
    """As it is for three; for one its luma (ITU-R BT.601)."""
    if channels not in (1, 3):
        raise ModelError(
            f"The model reads {channels} channels, but a picture has 3, or 1 as grey; give tensors to the network."
        )
    return image if channels == 3 else F.rgb_to_grayscale(image)


def head_input(config: ModelConfig, crop: HeadCrop, device: torch.device | str = "cpu") -> ModelInput:
    """What `prepare` gives for a card with a `head_side`, from a head that was cut out already."""
    grey = F.resize(torch.from_numpy(crop.grey)[None], list(config.input_size), InterpolationMode.BILINEAR)
    tensor = F.normalize(grey.expand(len(config.mean), -1, -1), list(config.mean), list(config.std))
    return ModelInput(tensor.unsqueeze(0).to(device), crop.box)


def _padding(config: ModelConfig, resized: list[int]) -> list[int]:
    """[left, top, right, bottom], so that the centre crop lies within; the odd pixel goes right and below."""
    missing = [max(crop - length, 0) for crop, length in zip(config.input_size, resized, strict=True)]
    first = [number // 2 for number in reversed(missing)]
    return [*first, *((number + 1) // 2 for number in reversed(missing))]


def _mean_colour(config: ModelConfig) -> list[int]:
    """RGB in 0 to 255; of a network that reads grey, its mean three times."""
    mean = [round(255 * value) for value in config.mean]
    return mean[::-1] if config.channel_order == "BGR" else mean * (3 // len(mean))


def _resized_size(config: ModelConfig, height: int, width: int) -> list[int]:
    """[height, width] after the resize; the longer side is cut to whole pixels as torchvision does."""
    shorter = config.resize.shorter_side
    if shorter is None:
        return list(config.input_size)
    if config.resize.fit != "crop":
        scaled = [side * shorter // min(config.input_size) for side in config.input_size]
        if config.resize.fit == "stretch":
            return scaled
        ratio = max(height / scaled[0], width / scaled[1])
        return [max(round(height / ratio), 1), max(round(width / ratio), 1)]
    longer = int(shorter * max(height, width) / min(height, width))
    if shorter * longer > _MAX_RESIZED_PIXELS:
        raise ImageError(
            f"The picture is {width} x {height} pixels, too elongated for this model, which scales the shorter side to "
            f"{shorter}: sides up to 1 : {_MAX_RESIZED_PIXELS // shorter**2} are allowed; crop it and try again."
        )
    return [longer, shorter] if width <= height else [shorter, longer]


def _box(config: ModelConfig, size: tuple[int, int], resized: list[int]) -> Box:
    """The crop, brought back through each axis's own resize ratio; it exceeds the picture where the crop was padded."""
    (top, bottom), (left, right) = (
        _covered(config, *sides) for sides in zip(size, resized, config.input_size, strict=True)
    )
    return Box(left, top, right, bottom)


def _covered(config: ModelConfig, length: int, resized: int, crop: int) -> tuple[float, float]:
    """Where the centre crop of one axis begins and ends, in picture pixels."""
    start = _crop_start(config, resized, crop)
    return start * length / resized, (start + crop) * length / resized


def _crop_start(config: ModelConfig, length: int, crop: int) -> int:
    """Where the centre crop begins on one axis, in resized pixels; negative for padding."""
    if crop > length:
        return -((crop - length) // 2)
    return round((length - crop) / 2) if config.resize.crop_start == "round" else (length - crop) // 2
