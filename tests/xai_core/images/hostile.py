"""Some hundreds of damaged, lying or disguised picture files, made in code and always the same.

`hostile_files()` is for every test that accepts uploads. Nearly all must be refused, each in one sentence;
`readable_oddities()`, its last part, only look odd and must be read.
"""

from __future__ import annotations

from tests.xai_core.images.hostile_bodies import broken_bodies, readable_oddities
from tests.xai_core.images.hostile_damage import damaged
from tests.xai_core.images.hostile_disguise import disguised
from tests.xai_core.images.hostile_sizes import oversized


def hostile_files() -> list[tuple[str, bytes]]:
    """(file name, content), with distinct names and distinct contents."""
    return [*damaged(), *disguised(), *oversized(), *broken_bodies(), *readable_oddities()]
