"""Every hostile file gives a picture or one sentence, soon and without much memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFile

from tests.xai_core.images.hostile import hostile_files
from tests.xai_core.images.hostile_bodies import readable_oddities
from tests.xai_core.images.hostile_disguise import disguised
from tests.xai_core.images.hostile_sizes import oversized
from xai_core.errors import ImageError
from xai_core.images import load_image

# Run apart, because only a fresh process has a peak of memory that is the loader's own, and because there Python's
# usual warning filters hold, where Pillow's warnings are printed and not raised.
FILES, ODDITIES, DISGUISED = hostile_files(), list(readable_oddities()), list(disguised())

CHILD = """
import json, sys, time
from pathlib import Path
import numpy as np
from xai_core.errors import ImageError
from xai_core.images import load_image

def peak_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

load_image(next(path for path in sorted(Path(sys.argv[1]).iterdir()) if path.name == "padded.png"))
results, before = {}, peak_kb()
for path in sorted(Path(sys.argv[1]).iterdir()):
    start, message = time.perf_counter(), None
    try:
        image = load_image(path.read_bytes(), name=path.name)
        assert image.pixels.dtype == np.uint8 and image.pixels.ndim == 3 and min(image.size) >= 8
    except ImageError as error:
        message = str(error)
    results[path.name] = message, time.perf_counter() - start
print(json.dumps({"results": results, "growth_mb": (peak_kb() - before) / 1024}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("hostile")
    for name, data in FILES:
        (folder / name).write_bytes(data)
    command = [sys.executable, "-c", CHILD, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def own_words(message: str) -> str:
    return re.sub(r'"[^"]*"', "it", message)


def is_one_sentence(message: str) -> bool:
    inner_stop = re.search(r"[.!?]\s+[A-Z]", own_words(message))
    return "\n" not in message and message.endswith(".") and len(message) < 300 and not inner_stop


def test_the_corpus_is_large_distinct_and_always_the_same() -> None:
    assert len(FILES) >= 300
    assert len({name for name, _ in FILES}) == len({data for _, data in FILES}) == len(FILES)
    assert hostile_files() == FILES


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
def test_each_file_is_settled_soon_and_the_memory_stays_small(run: dict) -> None:
    slow = {name: seconds for name, (_, seconds) in run["results"].items() if seconds > 5}
    assert not slow
    assert run["growth_mb"] < 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
def test_at_least_three_hundred_are_refused_in_one_sentence_each(run: dict) -> None:
    messages = [message for message, _ in run["results"].values() if message]
    assert len(messages) >= 300
    assert [message for message in messages if not is_one_sentence(message)] == []
    assert [message for message in messages if re.search(r"Traceback|0x|BytesIO|Error", own_words(message))] == []


@pytest.mark.parametrize(("name", "data"), FILES, ids=[name for name, _ in FILES])
def test_the_contract_also_holds_where_warnings_are_errors(name: str, data: bytes) -> None:
    image = message = None
    try:
        image = load_image(data, name=name)
    except ImageError as error:
        message = str(error)
    if image is None:
        assert is_one_sentence(message)
        assert name in message or message.startswith("The scan")  # which is never called by its name
    else:
        assert image.pixels.dtype == np.uint8
        assert image.pixels.shape == (*image.size, 3)
        assert not image.pixels.flags.writeable


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "data"), ODDITIES, ids=[name for name, _ in ODDITIES])
def test_what_only_looks_odd_is_read(name: str, data: bytes) -> None:
    assert load_image(data, name=name).size in {(20, 31), (16, 16), (9, 10)}


@pytest.mark.parametrize(("name", "data"), DISGUISED, ids=[name for name, _ in DISGUISED])
def test_a_file_of_another_kind_is_refused_whatever_its_name_with_the_allowed_formats(name: str, data: bytes) -> None:
    with pytest.raises(ImageError, match=r"PNG, JPEG, WebP, TIFF, BMP or GIF|^The scan "):
        load_image(data, name=name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", ["claims-9000x9000", "claims-12000x12000", "claims-100000x100000", "bomb-pixels"])
def test_too_many_pixels_are_refused_before_anything_is_decoded(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    files = [(name, data) for name, data in oversized() if name.startswith(part)]
    assert files
    for name, data in files:
        with pytest.raises(ImageError, match="pixels; at most 60 million are read"):
            load_image(data, name=name)


@pytest.mark.parametrize("percent", [30, 50, 75, 95])
def test_a_file_that_was_cut_short_is_called_incomplete(percent: int) -> None:
    cut = [(name, data) for name, data in FILES if name.startswith(f"cut-{percent}-")]
    assert len(cut) == 9
    for name, data in cut:
        with pytest.raises(ImageError, match="incomplete"):
            load_image(data, name=name)
