"""All of timm: every layer that is listed keeps the picture's places, and its map is plain autograd's."""

from __future__ import annotations

import pytest
from tests.xai_core.models.timm_families import families, trouble

FIRST = {family: names[0] for family, names in families().items()}
OTHERS = [name for family, names in families().items() for name in names if name != FIRST[family]]
EACH = 5  # so many networks of each family suffice for more than three hundred


@pytest.mark.every_checkpoint
@pytest.mark.parametrize("family", FIRST)
def test_a_network_of_each_family_is_read_right(family: str) -> None:
    assert trouble(FIRST[family]) == []


@pytest.mark.every_checkpoint
@pytest.mark.parametrize("name", [name for names in families().values() for name in names[1 : EACH + 1]])
def test_more_networks_of_each_family_are_read_right(name: str) -> None:
    assert trouble(name) == []
