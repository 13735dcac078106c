"""Small classifiers built as HuggingFace's transformers builds them.

Queries, keys and values are separate, blocks give tuples (before version 5) or tensors, networks give objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES, WIDTH = 5, 24


@dataclass
class ImageClassifierOutput:
    logits: Tensor


@dataclass
class BaseModelOutput:
    last_hidden_state: Tensor


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.o_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        given = x if context is None else context
        q, k, v = (
            part(source).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part, source in ((self.q_proj, x), (self.k_proj, given), (self.v_proj, given))
        )
        weights = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).flatten(2)), weights


class Intermediate(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, 2 * width)
        self.intermediate_act_fn = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.intermediate_act_fn(self.dense(x))


class Output(nn.Module):
    """Adds the stream itself, as ViT's does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, stream: Tensor) -> Tensor:
        return self.dropout(self.dense(x)) + stream


class Layer(nn.Module):
    def __init__(self, width: int, tuples: bool, scaled: bool) -> None:
        super().__init__()
        self.tuples = tuples
        self.attention, self.intermediate, self.output = SelfAttention(width), Intermediate(width), Output(width)
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.lambda_1 = nn.Parameter(torch.full((width,), 0.5)) if scaled else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor]:
        attended, _ = self.attention(self.layernorm_before(x))
        x = x + (attended if self.lambda_1 is None else self.lambda_1 * attended)
        x = self.output(self.intermediate(self.layernorm_after(x)), x)
        return (x,) if self.tuples else x


def _run(layer: nn.Module, x: Tensor) -> Tensor:
    given = layer(x)
    return given[0] if isinstance(given, tuple) else given


Reads = Literal["class token", "two tokens", "mean", "both"]


class Transformer(nn.Module):
    """ViT, DeiT, BEiT and DINOv2, by what their head reads, for pictures of 32 x 32 in 4 x 4 patches."""

    def __init__(self, reads: Reads, tuples: bool) -> None:
        super().__init__()
        self.reads, others = reads, 2 if reads == "two tokens" else 1
        self.projection = nn.Conv2d(3, WIDTH, 8, stride=8)
        self.cls_token = nn.Parameter(torch.randn(1, others, WIDTH))
        self.position_embeddings = nn.Parameter(torch.randn(1, others + 16, WIDTH))
        self.dropout = nn.Dropout(0.1)
        scaled = reads in ("mean", "both")
        self.layer = nn.ModuleList([Layer(WIDTH, tuples, scaled) for _ in range(3)])
        self.layernorm = nn.Identity() if reads == "mean" else nn.LayerNorm(WIDTH)
        self.pooler_layernorm = nn.LayerNorm(WIDTH)
        self.classifier = nn.Linear(2 * WIDTH if reads == "both" else WIDTH, CLASSES)
        self.distillation = nn.Linear(WIDTH, CLASSES)

    def forward(self, pixel_values: Tensor) -> ImageClassifierOutput:
        x = self.projection(pixel_values).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        x = self.dropout(x + self.position_embeddings)
        for layer in self.layer:
            x = _run(layer, x)
        x = BaseModelOutput(self.layernorm(x)).last_hidden_state
        if self.reads == "mean":
            return ImageClassifierOutput(self.classifier(self.pooler_layernorm(x[:, 1:].mean(1))))
        if self.reads == "both":
            return ImageClassifierOutput(self.classifier(torch.cat([x[:, 0], x[:, 1:].mean(1)], dim=1)))
        scores = self.classifier(x[:, 0])
        if self.reads == "two tokens":
            scores = (scores + self.distillation(x[:, 1])) / 2
        return ImageClassifierOutput(scores)


class WindowLayer(nn.Module):
    """Swin's: windows of 4 x 4 in a stream of tokens, every other time rolled by half a window."""

    def __init__(self, width: int, shift: int, tuples: bool) -> None:
        super().__init__()
        self.shift, self.tuples = shift, tuples
        self.attention, self.intermediate, self.output = SelfAttention(width), Intermediate(width), Output(width)
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor | tuple[Tensor]:
        (height, width), (n, _, channels) = size, x.shape
        maps = self.layernorm_before(x).view(n, height, width, channels)
        maps = F.pad(maps, (0, 0, 0, -width % 4, 0, -height % 4))
        maps = maps.roll((-self.shift, -self.shift), (1, 2))
        rows, columns = maps.shape[1] // 4, maps.shape[2] // 4
        windows = maps.view(n, rows, 4, columns, 4, channels).transpose(2, 3).reshape(-1, 16, channels)
        windows, _ = self.attention(windows)
        maps = windows.view(n, rows, columns, 4, 4, channels).transpose(2, 3).reshape(maps.shape)
        maps = maps.roll((self.shift, self.shift), (1, 2))[:, :height, :width].contiguous()
        x = x + maps.view(n, height * width, channels)
        x = self.output(self.intermediate(self.layernorm_after(x)), x)
        return (x,) if self.tuples else x


class PatchMerging(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduction, self.norm = nn.Linear(4 * width, 2 * width, bias=False), nn.LayerNorm(4 * width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        maps = x.view(len(x), *size, -1)
        parts = [maps[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(torch.cat(parts, -1).flatten(1, 2)))


class Windows(nn.Module):
    """Swin for pictures of 48 x 48: 12 x 12 places, then 6 x 6, which windows of 4 x 4 do not divide."""

    def __init__(self, tuples: bool) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, WIDTH, 4, stride=4)
        self.norm = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(
            WindowLayer(width, shift, tuples) for width in (WIDTH, 2 * WIDTH) for shift in (0, 2)
        )
        self.downsample = PatchMerging(WIDTH)
        self.layernorm, self.pooler = nn.LayerNorm(2 * WIDTH), nn.AdaptiveAvgPool1d(1)
        self.classifier = nn.Linear(2 * WIDTH, CLASSES)

    def forward(self, pixel_values: Tensor) -> ImageClassifierOutput:
        x, size = self.norm(self.projection(pixel_values).flatten(2).transpose(1, 2)), (12, 12)
        for place, block in enumerate(self.blocks):
            if place == 2:
                x, size = self.downsample(x, size), (6, 6)
            given = block(x, size)
            x = given[0] if isinstance(given, tuple) else given
        pooled = self.pooler(self.layernorm(x).transpose(1, 2)).flatten(1)
        return ImageClassifierOutput(self.classifier(pooled))


class ReducedLayer(nn.Module):
    """PVT's: keys and values of fewer places."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.ratio = ratio
        self.layer_norm_1, self.layer_norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.sequence_reduction = nn.Conv2d(width, width, ratio, stride=ratio) if ratio > 1 else None
        self.attention, self.intermediate, self.output = SelfAttention(width), Intermediate(width), Output(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> tuple[Tensor]:
        normed = context = self.layer_norm_1(x)
        if self.sequence_reduction is not None:
            maps = normed.transpose(1, 2).reshape(len(x), -1, *size)
            context = self.sequence_reduction(maps).flatten(2).transpose(1, 2)
        x = x + self.attention(normed, context)[0]
        return (self.output(self.intermediate(self.layer_norm_2(x)), x),)


class Pyramid(nn.Module):
    """PVT: a class token in the last stage alone, which the head reads. Pictures of 64 x 64."""

    def __init__(self) -> None:
        super().__init__()
        widths, strides = (3, WIDTH, 2 * WIDTH), (8, 2)
        self.patch_embeddings = nn.ModuleList(
            nn.Conv2d(a, b, s, stride=s) for a, b, s in zip(widths, widths[1:], strides, strict=False)
        )
        self.block = nn.ModuleList(nn.ModuleList(ReducedLayer(w, r) for _ in range(2)) for w, r in ((24, 2), (48, 1)))
        self.cls_token = nn.Parameter(torch.randn(1, 1, 2 * WIDTH))
        self.layer_norm, self.classifier = nn.LayerNorm(2 * WIDTH), nn.Linear(2 * WIDTH, CLASSES)

    def forward(self, pixel_values: Tensor) -> ImageClassifierOutput:
        x = pixel_values
        for stage, (embed, blocks) in enumerate(zip(self.patch_embeddings, self.block, strict=True)):
            maps = embed(x)
            size = (maps.shape[2], maps.shape[3])
            tokens = maps.flatten(2).transpose(1, 2)
            if stage == 1:
                tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
            for block in blocks:
                (tokens,) = block(tokens, size)
            x = tokens if stage == 1 else tokens.transpose(1, 2).reshape(maps.shape)
        return ImageClassifierOutput(self.classifier(self.layer_norm(x)[:, 0]))


class ConvLayer(nn.Module):
    """ConvNeXt's, its norm over the channels behind a permutation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.layernorm = nn.LayerNorm(width)
        self.pwconv1, self.act, self.pwconv2 = nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        self.layer_scale_parameter = nn.Parameter(torch.full((width,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        y = self.layernorm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.layer_scale_parameter * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvStage(nn.Module):
    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.downsampling_layer = nn.ModuleList([nn.Conv2d(before, width, 2, stride=2)])
        self.layers = nn.ModuleList([ConvLayer(width) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in (*self.downsampling_layer, *self.layers):
            x = layer(x)
        return x


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([ConvStage(8, 16), ConvStage(16, WIDTH)])

    def forward(self, x: Tensor) -> BaseModelOutput:
        for stage in self.stages:
            x = stage(x)
        return BaseModelOutput(x)


class Convolutional(nn.Module):
    """ConvNeXt for pictures of 32 x 32: the norm reads the average, no map is left behind the stages."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings, self.encoder = nn.Conv2d(3, 8, 2, stride=2), Encoder()
        self.layernorm, self.classifier = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def forward(self, pixel_values: Tensor) -> ImageClassifierOutput:
        x = self.encoder(self.embeddings(pixel_values)).last_hidden_state
        return ImageClassifierOutput(self.classifier(self.layernorm(x.mean((-2, -1)))))


# {title: (how it is made, side of the pictures, the suggested layer, its grid)}
NETWORKS: dict[str, tuple[Callable[[], nn.Module], int, str, tuple[int, int]]] = {
    "ViT with tuples": (lambda: Transformer("class token", True), 32, "layer.2.layernorm_before", (4, 4)),
    "ViT": (lambda: Transformer("class token", False), 32, "layer.2.layernorm_before", (4, 4)),
    "DeiT with tuples": (lambda: Transformer("two tokens", True), 32, "layer.2.layernorm_before", (4, 4)),
    "DeiT": (lambda: Transformer("two tokens", False), 32, "layer.2.layernorm_before", (4, 4)),
    "BEiT with tuples": (lambda: Transformer("mean", True), 32, "layer.2.output", (4, 4)),
    "BEiT": (lambda: Transformer("mean", False), 32, "layer.2.output", (4, 4)),
    "DINOv2 with tuples": (lambda: Transformer("both", True), 32, "layernorm", (4, 4)),
    "DINOv2": (lambda: Transformer("both", False), 32, "layernorm", (4, 4)),
    "Swin with tuples": (lambda: Windows(True), 48, "layernorm", (6, 6)),
    "Swin": (lambda: Windows(False), 48, "layernorm", (6, 6)),
    "PVT": (Pyramid, 64, "block.1.1.layer_norm_1", (4, 4)),
    "ConvNeXt": (Convolutional, 32, "encoder.stages.1", (4, 4)),
}
