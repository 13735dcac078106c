"""Names that would be something else than text, if Markdown or Streamlit had their way."""

import random

_KNOWN = """https://evil.example/x
see www.evil.example now
HTTPS://EVIL.example
https&#58;//evil.example
http\\://evil.example
mail bad@evil.example
<http://evil.example>
\\<http://evil.example>
[x](http:evil)
[x\\](http:evil)
[x]\\(http:evil)
[x]: http:evil [x]
![x](http:evil)
\\![x](http:evil)
<b class=evil>x</b> <img src=x onerror=alert(1)>
$x$ and \\$y$ and $$z$$
:material/skull: \\:material/skull: :material_skull:
:skull: :streamlit: :100: :+1:
:red[x] \\:red[x] h:red[x] :red-background[x] :red-badge[x] :small[x]
:red{a=b} ::red[x]
`<b>` __init__ *a* ~~b~~ a_b_c
&lt;b&gt; &amp; &colon;material/skull&colon; &#58;red&#91;x&#93;
ends with a backslash\\"""
_SIGNS = (
    *(
        "\\",
        "$",
        "<",
        "[",
        "]",
        "(",
        ")",
        "!",
        ":",
        "`",
        "*",
        "_",
        "~~",
        "{",
        "}",
        "|",
        "#",
        "^",
        "=",
        ".",
        " ",
        "x",
        "y",
    ),
    *("http://e.vil", "www.e.vil", "a@b.cd", ":red", ":skull:", "&lt;", "<b>", "</b>"),
)
_drawn = random.Random(15)
NAMES = [line.replace("\\\\", "\\") for line in _KNOWN.splitlines()] + [
    name
    for name in ("".join(_drawn.choices(_SIGNS, k=_drawn.randint(2, 9))).strip() for _ in range(80))
    if name and "--" not in name
]
