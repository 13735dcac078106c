"""Every package that is needed at run time has a known licence that allows its use, and the page lists them."""

from __future__ import annotations

import re

import pytest

from deploy.licences import PAGE, Package, needed, runtime_requirements


def test_no_licence_is_unknown_or_incompatible():
    packages = needed(runtime_requirements())
    assert len(packages) > 60
    assert [package.trouble for package in packages if package.trouble] == []


def test_the_page_lists_what_the_requirements_name():
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", PAGE.read_text("utf-8"), re.M))
    named = {re.split(r"[<>=\[ ]", line)[0].lower().replace("_", "-") for line in runtime_requirements()}
    assert named <= listed


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND Apache-2.0", True),
        ("MPL-2.0", True),
        ("LGPL-2.1-or-later", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-3.0-or-later", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("GNU Affero General Public License v3", False),
        ("CC-BY-NC-4.0", False),
        ("", False),
    ],
)
def test_copyleft_of_the_whole_program_is_told_from_that_of_a_library(licence: str, allowed: bool):
    assert (Package("some", licence).trouble is None) == allowed
