"""What weights do not tell is asked, assumed with a caution until somebody says, or verified where they give a hint."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

import xai_core as xai
from xai_core.errors import ModelError
from xai_core.models.catalog import list_again
from xai_core.models.sources.checkpoint.alternatives import alternatives
from xai_core.models.sources.checkpoint.head import ACTIVATIONS
from xai_core.models.sources.checkpoint.norm_evidence import evidence, norm_misfit, photographs
from xai_core.models.sources.checkpoint.opening import SOURCE
from xai_core.models.sources.checkpoint.recognise import recognise
from xai_core.models.sources.config_file import read_config, write_config
from xai_core.models.sources.own_folder import VARIABLE
from xai_core.types import ModelConfig, ResizeRule

INPUTS = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def saved(network: nn.Module) -> bytes:
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    return file.getvalue()


def headed(activation: nn.Module, *, between: tuple[nn.Module, ...] = ()) -> nn.Module:
    torch.manual_seed(0)
    made = torchvision.models.resnet18(weights=None, num_classes=4)
    made.fc = nn.Sequential(nn.Dropout(), nn.Linear(512, 64), activation, *between, nn.Linear(64, 4))
    return made.eval()


def answers(network: nn.Module) -> Tensor:
    with torch.no_grad():
        return network(INPUTS)


def card(**entries: object) -> ModelConfig:
    base = ModelConfig(
        "x", "Brain", "", "ours", (64, 64), (0.5,) * 3, (0.5,) * 3, ResizeRule(None), ("a", "b", "c", "d"),
        architecture="torchvision/resnet18",
    )  # fmt: skip
    return replace(base, **entries)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_said_in_the_card(name: str) -> None:
    original = headed(ACTIVATIONS[name][1](), between=(nn.Dropout(),))
    settled = read_config(write_config(card(settled=(("head_activation", name),))), "x")
    model = xai.open_checkpoint(saved(original), config=settled)
    torch.testing.assert_close(answers(model.module), answers(original))
    assert model.config.caution == ""


def test_an_assumption_stands_as_a_caution_beside_every_answer() -> None:
    model = xai.open_checkpoint(saved(headed(nn.Tanh())))
    assert "a ReLU was assumed" in model.config.caution
    assert "settle head_activation in the card" in model.config.caution
    torch.testing.assert_close(answers(model.module), answers(headed(nn.ReLU())))


HEADS = {
    "plain": nn.Linear(512, 4),
    "dropout before": nn.Sequential(nn.Dropout(), nn.Linear(512, 4)),
    "no gap": nn.Sequential(nn.Linear(512, 8), nn.Linear(8, 4)),
}


@pytest.mark.parametrize("kind", HEADS)
def test_where_nothing_can_stand_between_nothing_is_asked(kind: str) -> None:
    torch.manual_seed(0)
    original = torchvision.models.resnet18(weights=None, num_classes=4)
    original.fc = HEADS[kind]
    model = xai.open_checkpoint(saved(original.eval()))
    assert (model.config.caution, model.config.settled) == ("", ())
    torch.testing.assert_close(answers(model.module), answers(original))


@pytest.mark.parametrize(
    ("settled", "said"),
    [
        ({"head_activation": "swish"}, r"head_activation is 'swish'; it may be relu, gelu, silu"),
        ({"stem": "wide"}, r"settles 'stem', which is no question .* it may settle head_activation"),
    ],
)
def test_a_card_that_settles_something_else_gets_one_sentence(settled: dict[str, str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        xai.open_checkpoint(saved(headed(nn.ReLU())), config=card(settled=tuple(settled.items())))
    with pytest.raises(ModelError, match="a table of names and words"):
        read_config("class_names: [a, b]\ninput_size: [8, 8]\nmean: [0]\nstd: [1]\nsettled: [gelu]", "x")


def test_what_is_opened_on_the_page_says_so_until_it_is_settled() -> None:
    assert SOURCE.opens is not None
    file = SOURCE.opens.read(saved(headed(nn.GELU())), "Brain")
    built = file.build("torchvision/resnet18")
    (question,) = built.untold
    assert (question.name, question.assumed) == ("head_activation", "relu")
    assert built.model.config.caution
    assert "what has none (activations, strides, padding) is as torchvision/resnet18 has it" in built.check
    assert built.settled is not None
    told = built.settled({"head_activation": "gelu"})
    torch.testing.assert_close(answers(told.model.module), answers(headed(nn.GELU())))
    assert (told.model.config.caution, told.model.config.settled) == ("", (("head_activation", "gelu"),))
    torch.testing.assert_close(answers(built.model.module), answers(headed(nn.ReLU())))  # the first one stays


def test_a_folders_card_must_settle_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "brain.pt").write_bytes(saved(headed(nn.GELU())))
    (tmp_path / "brain.yaml").write_text(write_config(card()))
    list_again()
    with pytest.raises(ModelError, match=r"Write for example settled: \{head_activation: relu\} into brain\.yaml"):
        xai.load_model("folder/brain.pt", device="cpu")
    (tmp_path / "brain.yaml").write_text(write_config(card(settled=(("head_activation", "gelu"),))))
    list_again()
    model = xai.load_model("folder/brain.pt", device="cpu")
    torch.testing.assert_close(answers(model.module), answers(headed(nn.GELU())))
    monkeypatch.undo()
    list_again()


def trained(network: nn.Module, config: ModelConfig) -> nn.Module:
    """Batch norms that have seen photographs, and nothing else."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    network.train()
    with torch.no_grad():
        network(photographs(config))
    return network.eval()


@pytest.mark.parametrize("scaled", [False, True])
def test_batch_norms_tell_whether_a_googlenet_scales_its_input_again(*, scaled: bool) -> None:
    torch.manual_seed(0)
    made = torchvision.models.googlenet(weights=None, num_classes=4, aux_logits=False, init_weights=False)
    untrained = xai.open_checkpoint(saved(made))
    assert "transform_input" in untrained.config.caution
    made.transform_input = scaled
    trained(made, untrained.config)
    model = xai.open_checkpoint(saved(made))
    assert model.config.settled == (("input_scaling", "imagenet" if scaled else "none"),)
    assert model.config.caution == ""
    torch.testing.assert_close(answers(model.module), answers(made), rtol=1e-3, atol=1e-4)


def test_batch_norms_speak_against_other_strides() -> None:
    torch.manual_seed(0)
    config = card(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), input_size=(96, 96))
    made = trained(torchvision.models.resnet18(weights=None, num_classes=4), config)
    tensors = made.state_dict()
    others = [p for p in recognise(tensors) if p.architecture.key in ("timm/resnetblur18", "timm/resnet18")]
    found = {a.key: a for a in alternatives(made, (1, 3, 96, 96), others, photographs(config))}
    assert (found["timm/resnetblur18"].same, found["timm/resnetblur18"].evidence) == (False, "against")
    assert found["timm/resnet18"].evidence is None


@pytest.mark.parametrize(("function", "said"), [("relu6", None), ("silu", "against"), ("relu", "against")])
def test_real_batch_norms_tell_activations_apart(function: str, said: str | None) -> None:
    model = xai.load_model("imagenet", device="cpu")
    other = timm.create_model("efficientnet_lite0", act_layer=function).eval()
    other.load_state_dict(model.module.state_dict())
    shown = photographs(model.config)
    assert evidence(norm_misfit(model.module, shown), norm_misfit(other, shown)) == said


@pytest.mark.parametrize(
    ("mine", "other", "said"),
    [(0.1, 0.3, "against"), (0.3, 0.1, "for"), (0.1, 0.15, None), (3.0, 9.0, None), (None, 0.1, None)],
)
def test_evidence_is_what_is_clear(mine: float | None, other: float | None, said: str | None) -> None:
    assert evidence(mine, other) == said


def test_several_architectures_for_one_file_are_named() -> None:
    torch.manual_seed(0)
    data = saved(torchvision.models.resnet18(weights=None, num_classes=4))
    assert "name yours if it is another" in xai.open_checkpoint(data).config.notes[-1]
    assert len(xai.open_checkpoint(data, architecture="torchvision/resnet18").config.notes) == 1
