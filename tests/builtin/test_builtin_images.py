"""Laws of the `image_processing` handler, on real pictures."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from gopher_cli.builtin.image_processing import ImageProcessing, process
from gopher_cli.model.job.signals import Discard


def run(ctx: Any, **payload: Any) -> Any:
    return process(msgspec.convert(payload, ImageProcessing), ctx)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (400, 200), "navy").save(path)
    return path


@pytest.mark.parametrize(
    ("payload", "size"),
    [
        ({"operation": "thumbnail", "width": 100, "height": 100}, (100, 50)),
        ({"operation": "thumbnail", "width": 100}, (100, 50)),
        ({"operation": "thumbnail", "width": 4000}, (400, 200)),
        ({}, (256, 128)),
        ({"operation": "resize", "width": 50, "height": 60}, (50, 60)),
        ({"operation": "resize", "height": 100}, (200, 100)),
        ({"operation": "rotate"}, (200, 400)),
        ({"operation": "crop", "width": 100, "height": 100}, (100, 100)),
        ({"operation": "crop", "box": [10, 10, 30, 60]}, (20, 50)),
        ({"operations": ["rotate", {"operation": "resize", "width": 20}]}, (20, 40)),
    ],
)
def test_an_operation_makes_a_file_of_the_right_size(
    ctx: Any, photo: Path, payload: Any, size: tuple[int, int]
) -> None:
    result = run(ctx, source=str(photo), **payload)

    with Image.open(result["output"]) as made:
        assert size == made.size == (result["width"], result["height"])
    assert Path(result["output"]).stat().st_size == result["bytes"]


def test_the_result_lies_beside_the_source_under_the_operations_name(ctx: Any, photo: Path) -> None:
    result = run(ctx, source=str(photo), operation="thumbnail")

    assert str(photo.with_name("photo-thumbnail.png")) == result["output"]
    assert {"photo.png", "photo-thumbnail.png"} == {path.name for path in photo.parent.iterdir()}


@pytest.mark.parametrize("asked", ["jpeg", "jpg", "webp", "gif", "bmp", "tiff", "tif"])
def test_convert_writes_the_format_that_was_asked_for(ctx: Any, photo: Path, asked: str) -> None:
    result = run(ctx, source=str(photo), operation="convert", format=asked)

    with Image.open(result["output"]) as made:
        assert result["format"].upper() == made.format
        assert asked[:3] in result["format"].replace("jpeg", "jpg jpeg")


def test_the_outputs_name_tells_the_format(ctx: Any, photo: Path, tmp_path: Path) -> None:
    result = run(ctx, source=str(photo), output=str(tmp_path / "new" / "a.jpg"))

    with Image.open(tmp_path / "new" / "a.jpg") as made:
        assert (made.format, result["format"]) == ("JPEG", "jpeg")


def test_what_was_clear_becomes_white_in_a_jpeg(ctx: Any, tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")

    result = run(ctx, source=str(tmp_path / "clear.png"), format="jpeg")

    with Image.open(result["output"]) as made:
        assert made.getpixel((4, 4)) == (255, 255, 255)


def test_greyscale_has_one_channel(ctx: Any, photo: Path) -> None:
    with Image.open(run(ctx, source=str(photo), operation="grayscale")["output"]) as made:
        assert made.mode == "L"


def test_a_missing_source_is_discarded(ctx: Any, tmp_path: Path) -> None:
    with pytest.raises(Discard, match="does not exist"):
        run(ctx, source=str(tmp_path / "none.png"))


def test_what_is_no_picture_is_discarded(ctx: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")

    with pytest.raises(Discard, match="not a picture"):
        run(ctx, source=str(tmp_path / "a.png"))


def test_half_a_picture_is_discarded_and_leaves_nothing(ctx: Any, tmp_path: Path) -> None:
    Image.effect_noise((200, 200), 50).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:9000])

    with pytest.raises(Discard, match="damaged"):
        run(ctx, source=str(tmp_path / "half.png"))
    assert {"whole.png", "half.png"} == {path.name for path in tmp_path.iterdir()}


def test_a_decompression_bomb_is_discarded_before_it_unpacks(ctx: Any, tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (9_000, 50_000):
        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        path = tmp_path / f"{side}.png"
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        )
        with pytest.raises(Discard, match="megapixels"):
            run(ctx, source=str(path))


@pytest.mark.parametrize(
    "payload",
    [
        {"operation": "sharpen"},
        {"operation": "resize"},
        {"operation": "resize", "width": 0},
        {"operation": "resize", "width": 99999},
        {"operation": "resize", "width": 16000, "height": 16000},
        {"operation": "crop", "box": [0, 0, 9999, 5]},
        {"operation": "crop", "box": [1, 2]},
        {"operations": ["rotate"] * 21},
        {"format": "exe"},
        {"output": "s3://bucket/a.png"},
    ],
)
def test_what_cannot_be_done_is_discarded(ctx: Any, photo: Path, payload: Any) -> None:
    with pytest.raises(Discard):
        run(ctx, source=str(photo), **payload)


def test_without_pillow_the_way_to_get_it_is_named(
    ctx: Any, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(Discard, match=r"pip install 'gopher-cli\[image\]'"):
        run(ctx, source=str(photo))
