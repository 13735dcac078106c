"""Names in sentences: hostile ones do nothing, ordinary ones stay as they are."""

from __future__ import annotations

import pytest

from dashboard.core.plain_text import in_prose, share_first

JOINER = "\u2060"  # tests/browser/test_plain_text.py shows what the browser makes of all this


@pytest.mark.parametrize(
    "name", ["tabby, tabby cat", "Chien à poil (long)", "layer4.1 [0, 1]", "a * b: c", "“x” – y", "T1_pre"]
)
def test_ordinary_names_stay_as_they_are(name: str):
    assert in_prose(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("![x](http://a)", f"\\!\\[x\\]\\(http\\:{JOINER}//a)"),
        ("[x](y)", r"[x\]\(y)"),
        ("[x][y]", r"[x\]\[y]"),
        (":red[x]", f"\\:{JOINER}red[x]"),
        ("$x$", r"\$x\$"),
        (r"\$x$", r"\\\$x\$"),
        ("<b>", r"\<b>"),
        (":material/skull:", f"\\:{JOINER}material/skull:"),
        ("www.a.b c@d.e", f"www{JOINER}.a.b c@{JOINER}d.e"),
        ("a\n# b", "a # b"),
    ],
)
def test_what_could_begin_something_is_written_out(name: str, shown: str):
    assert in_prose(name) == shown


def test_a_share_at_the_beginning_is_no_quotation():
    assert share_first(0.9996) == r"\> 99.9 %"
    assert share_first(0.36) == "36 %"
