"""What trainers keep beside the weights: it is left out, names the classes, or is another state of the network."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from xai_core.errors import ModelError
from xai_core.models.sources.checkpoint import reading
from xai_core.models.sources.checkpoint.opening import SOURCE, open_checkpoint
from xai_core.models.sources.checkpoint.reading import read_weights
from xai_core.models.sources.checkpoint.reparametrised import plain_weights

NAMES = ("glioma", "meningioma", "no tumour", "pituitary")


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    """Sixty names, as good as a network's where nobody asks which."""
    return {f"layer{i}.weight": torch.rand(2, 2) for i in range(59)} | {"fc.bias": torch.rand(4)}


@pytest.fixture(scope="module")
def resnet() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None, num_classes=4).state_dict()


BESIDE = {
    "a loss and an accuracy as tensors": {"loss": torch.tensor(0.3), "best_acc1": torch.tensor(91.0)},
    "weights of the classes": {"class_weights": torch.ones(4)},
    "NumPy's figures": {"acc": np.float64(0.9), "f1": np.float32(0.8), "confusion": np.eye(4), "epochs": np.int64(3)},
    "NumPy's texts and objects": {"names": np.array(["a", "b"]), "mixed": np.array(["a", None], dtype=object)},
    "a path and a date": {"log": Path("runs/x"), "when": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)},
    "an optimizer's state": {
        "optimizer": {"state": {i: {"exp_avg": torch.ones(2), "step": torch.tensor(1.0)} for i in range(200)}},
        "optimizer_state_dict": {f"t{i}": torch.ones(1) for i in range(400)},
    },
    "a scheduler and a scaler": {
        "scheduler": {"last_epoch": 3},
        "scaler": {f"s{i}": torch.ones(1) for i in range(200)},
    },
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("place", ["state_dict", "weights_of_mine"])
def test_the_largest_table_counts_whatever_stands_beside_it(
    name: str, place: str, state: dict[str, torch.Tensor]
) -> None:
    weights = read_weights(saved({"epoch": 3, **BESIDE[name], place: state}))
    assert weights.tensors.keys() == state.keys()
    assert weights.notes == (f"The weights were taken from '{place}' in the file.",)
    assert not weights.tables


def test_what_is_read_as_nothing_keeps_nothing() -> None:
    with torch.serialization.safe_globals([(reading._LeftOut, name) for name in reading._LEFT_OUT]):
        kept = torch.load(io.BytesIO(saved({"a": np.ones(9), "b": Path("x")})), weights_only=True)
    assert all(type(value) is reading._LeftOut and not vars(value) for value in kept.values())


FORMS: dict[str, object] = {
    "class_to_idx": {name: i for i, name in enumerate(NAMES)},
    "idx_to_class": dict(enumerate(NAMES)),
    "id2label": {str(i): name for i, name in enumerate(NAMES)},
    "classes": list(NAMES),
    "names": NAMES,
    "class_names": [f" {name}\t" for name in NAMES],
}


@pytest.mark.parametrize("form", FORMS)
def test_names_beside_the_weights_are_the_classes(form: str, state: dict[str, torch.Tensor]) -> None:
    for content in (
        {form: FORMS[form]},
        {"hyper_parameters": {form: FORMS[form]}},
        {"args": {"data": {form: FORMS[form]}}},
    ):
        assert read_weights(saved({"state_dict": state, **content})).names == (NAMES,)


def test_the_names_are_on_the_card_where_their_number_is_right(resnet: dict[str, torch.Tensor]) -> None:
    content = {"state_dict": resnet, "labels": ["x", "y"], "classes": list(NAMES)}
    assert open_checkpoint(saved(content)).config.class_names == NAMES
    assert open_checkpoint(saved({"state_dict": resnet, "labels": ["x"]})).config.class_names[0] == "class 0"


@pytest.mark.parametrize(
    "odd",
    [
        ["a", "a"], ["![x](http:x)", "b"], [1, 2], {"a": 0, "b": 2}, {"a": 0, "b": 0}, ["a" * 300, "b"], [], {}, "ab",
        {True: "a"}, ["a", "\x07"],
    ],
)  # fmt: skip
def test_what_no_screen_may_show_names_nothing(odd: object) -> None:
    assert read_weights(saved({"w": {"a.weight": torch.ones(2)}, "classes": odd})).names == ()


def twins(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    other = {name: tensor + 1 for name, tensor in state.items()}
    return {f"model.{n}": t for n, t in state.items()} | {f"ema_model.module.{n}": t for n, t in other.items()}


STATES: dict[str, Callable[[dict[str, torch.Tensor]], dict[str, object]]] = {
    "state_dict_ema": lambda state: {"state_dict": state, "state_dict_ema": {n: t + 1 for n, t in state.items()}},
    "model_ema": lambda state: {
        "model": state,
        "model_ema": {"n_averaged": torch.tensor(3)} | {f"module.{n}": t + 1 for n, t in state.items()},
    },
    "ema": lambda state: {"net": state, "ema": {n: t + 1 for n, t in state.items()}},
    "state_dict.ema_model": lambda state: {"state_dict": twins(state)},
}


@pytest.mark.parametrize("where", STATES)
def test_the_averaged_state_is_taken_and_the_other_can_be(where: str, state: dict[str, torch.Tensor]) -> None:
    weights = read_weights(saved(STATES[where](state)))
    assert weights.table == where
    assert "It holds as many in" in weights.notes[1]
    (other,) = set(weights.tables) - {where}
    last = next(n for n in weights.tensors if n.endswith("fc.bias"))
    assert torch.equal(weights.tensors[last], state["fc.bias"] + 1)
    taken = weights.tables[other]()
    assert (taken.table, torch.equal(taken.tensors["fc.bias"], state["fc.bias"])) == (other, True)


def test_a_card_says_which_state_it_is_for(resnet: dict[str, torch.Tensor]) -> None:
    data = saved(STATES["ema"](resnet))
    assert SOURCE.opens is not None
    built = SOURCE.opens.read(data, "Brain").build("torchvision/resnet18")
    assert (built.model.config.settled, built.model.config.caution) == ((("weights", "ema"),), "")
    assert built.settled is not None
    last = built.settled({"weights": "net"}).model
    assert torch.equal(last.module.get_parameter("fc.bias"), resnet["fc.bias"])
    again = open_checkpoint(data, config=last.config)
    assert again.digest == last.digest
    with pytest.raises(ModelError, match="takes the weights from 'net', which the file does not have"):
        open_checkpoint(saved({"ema": resnet}), config=last.config)


HOSTILE_NORMS = {
    "sizes that would multiply": {"a.weight_g": torch.ones(4000, 1), "a.weight_v": torch.ones(1, 4000)},
    "other shapes": {"a.weight_orig": torch.ones(3, 3), "a.weight_u": torch.ones(9), "a.weight_v": torch.ones(1)},
    "a norm of zero": {"a.weight_g": torch.ones(2, 1), "a.weight_v": torch.zeros(2, 3)},
}


@pytest.mark.parametrize("name", HOSTILE_NORMS)
def test_norms_that_do_not_belong_together_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="stored with a norm"):
        plain_weights(HOSTILE_NORMS[name])


def test_weight_norm_over_everything_has_one_size() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2), dim=None)
    tensors, told = plain_weights(nn.Sequential(layer).state_dict())
    torch.testing.assert_close(tensors["0.weight"], layer.weight.detach())
    assert told.startswith("1 layer has a weight norm")


def test_two_names_beside_a_single_number_are_no_and_yes() -> None:
    torch.manual_seed(0)
    state = torchvision.models.resnet18(weights=None, num_classes=1).state_dict()
    model = open_checkpoint(saved({"state_dict": state, "classes": ["healthy", "tumour"]}))
    assert (model.config.class_names, model.config.answer.kind) == (("healthy", "tumour"), "yes_no")
