"""The network for slices of brain MRI: EfficientNet-Lite0 with four classes, and what it saw in training.

Weights and training vectors lie beside this file; `python -m training.brain_mri` makes them; weights/brain-mri.json and
docs/models/brain-mri.md say how good they are, and where they fail.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load
from torch import nn

from xai_core.models.source import ModelSource
from xai_core.models.weights_file import bundled_weights
from xai_core.types import CLINICAL_CAUTION, ModelConfig, ResizeRule

WEIGHTS = Path(__file__).parents[1] / "weights" / "brain-mri.safetensors"
VECTORS = WEIGHTS.with_name("brain-mri-vectors.safetensors")
CLASS_NAMES = ("glioma", "meningioma", "no tumour", "pituitary tumour")
SOURCES = ("Cheng", "Br35H", "Sartaj", "Colin27", "ICBM152")
INPUT_SIDE, HEAD_SIDE = 192, 160
BEYOND = 1.25  # slices a little beyond nearly all held-out ones are answered, with a caution


@dataclass(frozen=True, eq=False)
class KnownSlices:
    """What the network was trained on, without the pictures; row i of every field belongs to one slice.

    vectors: float32 (n, 1280), the means of the last layer's maps. labels: int64 (n,), into CLASS_NAMES. sources: int64
    (n,), into SOURCES. numbers: int64 (n,), of its file. limit: the distance of `evaluation.familiarity` within which
    95 % of held-out slices lie; far_limit: a quarter beyond that within which 99 % do.
    """

    vectors: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    numbers: np.ndarray
    limit: float
    far_limit: float


def brain_mri_config() -> ModelConfig:
    """The record of the bundled brain MRI model."""
    return ModelConfig(
        key="brain-mri",
        title="Brain MRI slices (EfficientNet-Lite0)",
        source="training/brain_mri, fine-tuned from ImageNet on slices of Cheng, Br35H, Sartaj, Colin27 and the "
        "ICBM 152 brain, with the tumours' outlines, and with tumours painted over and put in",
        licence="Weights: as this project. Data: Cheng, doi 10.6084/m9.figshare.1512427.v5, CC BY 4.0; Br35H; "
        "Sartaj; Colin27 and ICBM 152 of the Montreal Neurological Institute",
        input_size=(INPUT_SIDE, INPUT_SIDE),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        resize=ResizeRule(shorter_side=None, head_side=HEAD_SIDE),
        class_names=CLASS_NAMES,
        first_conv="conv_stem",
        classifier="classifier",
        default_layer="bn2",
        notes=(
            "It knows gliomas, meningiomas and pituitary tumours on contrast-enhanced T1 slices, tumours of unknown "
            "type on axial slices of other sequences, and healthy slices; anything else gets one of these four names "
            "all the same.",
        ),
        caution=CLINICAL_CAUTION,
    )


def build_brain_mri() -> nn.Module:
    """The network with its weights, in eval mode."""
    module = brain_mri_network()
    module.load_state_dict(load(bundled_weights(WEIGHTS)))  # copied into float32
    return module.eval()


def brain_mri_network() -> nn.Module:
    """The network without weights: (n, 3, 192, 192) to scores (n, 4); its last maps have a grid of 12 x 12.

    EfficientNet-Lite0 to the first block behind its stage of stride 16: a finer grid, on which a small tumour has a
    cell of its own, for a third of the work.
    """
    import timm  # seconds to import: only when the network is wanted

    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=len(CLASS_NAMES))
    network.blocks = network.blocks[:6]
    network.blocks[5] = network.blocks[5][:1]
    last = network.blocks[5][0]
    last.conv_dw.stride = (1, 1)
    network.conv_head = nn.Conv2d(last.conv_pwl.out_channels, network.num_features, 1, bias=False)
    made: nn.Module = network
    return made


@cache
def known_slices() -> KnownSlices:
    """The training slices as feature vectors, read-only: for similar cases and for telling unfamiliar input."""
    stored = {name: values.numpy() for name, values in load(bundled_weights(VECTORS)).items()}
    limits = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))["familiarity"]["percentiles_of_test"]
    fields = {name: stored[name].astype(np.int64) for name in ("labels", "sources", "numbers")}
    known = KnownSlices(
        vectors=stored["vectors"].astype(np.float32), **fields, limit=limits["95"], far_limit=BEYOND * limits["99"]
    )
    for values in (known.vectors, *fields.values()):
        values.setflags(write=False)
    return known


SOURCE = ModelSource(
    "brain-mri", "bundled", lambda: (brain_mri_config(),), lambda _config, _progress: build_brain_mri()
)
