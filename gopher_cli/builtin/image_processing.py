"""`image_processing`: thumbnail, resize, convert, rotate, crop and greyscale of a real picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from gopher_cli.builtin.files import existing_file, local_path, replacing
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_PIXELS = 64_000_000
MAX_SIDE = 16_384
MAX_STEPS = 20
# Only formats that Pillow reads by itself: never a program that draws, such as Ghostscript.
_READ = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO")
_WRITE = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
}
_BY_SUFFIX = {e: name for name, e in _WRITE.items()} | {".jpeg": "JPEG", ".tiff": "TIFF"}


class Step(Struct, frozen=True, kw_only=True):
    """One operation with its own numbers."""

    operation: Annotated[str, Meta(description="thumbnail, resize, convert, rotate, crop or grayscale")]
    width: Annotated[int | None, Meta(description="pixels")] = None
    height: Annotated[int | None, Meta(description="pixels")] = None
    angle: Annotated[float, Meta(description="degrees, counter-clockwise")] = 90.0
    box: Annotated[list[int], Meta(description="for crop: left, top, right, bottom")] = []


class ImageProcessing(Struct, frozen=True, kw_only=True):
    """A picture, what to do with it, and where the result goes."""

    source: Annotated[str, Meta(description="path of the picture")]
    operation: Annotated[str, Meta(description="one operation; default: thumbnail")] = ""
    operations: Annotated[str | list[str | Step], Meta(description="several operations, in this order")] = []
    width: Annotated[int | None, Meta(description="pixels")] = None
    height: Annotated[int | None, Meta(description="pixels")] = None
    angle: Annotated[float, Meta(description="for rotate: degrees, counter-clockwise")] = 90.0
    box: Annotated[list[int], Meta(description="for crop: left, top, right, bottom")] = []
    format: Annotated[str, Meta(description="jpeg, png, webp, gif, bmp or tiff")] = ""
    quality: Annotated[int, Meta(ge=1, le=100, description="for jpeg and webp")] = 85
    output: Annotated[str, Meta(description="file to write; default: beside the source")] = ""


def process(payload: ImageProcessing, ctx: Context) -> dict[str, Any]:
    """The file that was made, and its size."""
    source = existing_file(payload.source, ctx.settings)
    steps = steps_of(payload)
    picture, kind = _load(source)
    for number, step in enumerate(steps, 1):
        picture = _STEPS[step.operation](picture, step)
        ctx.progress(number / (len(steps) + 1), step.operation)
    target, kind = _target(payload, source, steps, kind, ctx)
    size = _save(picture, target, kind, payload.quality)
    ctx.log(f"wrote {target}: {picture.width}x{picture.height} {kind}, {size} bytes")
    return {
        "output": str(target),
        "width": picture.width,
        "height": picture.height,
        "format": kind.lower(),
        "bytes": size,
    }


def steps_of(payload: ImageProcessing) -> list[Step]:
    """The operations, each with its numbers, checked before any pixel is read."""
    given = payload.operations or payload.operation or ("convert" if payload.format else "thumbnail")
    listed = [given] if isinstance(given, str) else given
    steps = [_step(one, payload) for one in listed[: MAX_STEPS + 1]]
    if len(steps) > MAX_STEPS:
        raise Discard(f"more than {MAX_STEPS} operations")
    for step in steps:
        if step.operation not in _STEPS:
            known = ", ".join(_STEPS)
            raise Discard(f"unknown operation {step.operation[:40]!r}: use {known}")
        if any(side is not None and not 0 < side <= MAX_SIDE for side in (step.width, step.height)):
            raise Discard(f"width and height have to be between 1 and {MAX_SIDE}")
    return steps


def _step(step: str | Step, payload: ImageProcessing) -> Step:
    if isinstance(step, Step):
        return step
    return Step(
        operation="grayscale" if step == "greyscale" else step,
        width=payload.width,
        height=payload.height,
        angle=payload.angle,
        box=payload.box,
    )


def _load(source: Path) -> tuple[Picture, str]:
    """The picture, upright, and its format. Raises Discard for what is none, or far too large."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise Discard("Pillow is missing: pip install 'gopher-cli[image]'") from None
    try:
        with Image.open(source, formats=_READ) as picture:
            # The header tells the size; nothing is unpacked yet.
            _fits(picture.width, picture.height)
            kind = picture.format or "PNG"
            return ImageOps.exif_transpose(picture), kind
    except Image.DecompressionBombError:
        raise _bomb() from None
    except UnidentifiedImageError:
        raise Discard(f"source {source} is not a picture that gopher reads") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the picture's
        raise Discard(f"source {source} is damaged: {error}") from None


def _fits(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _bomb()


def _bomb() -> Discard:
    return Discard(f"a picture of more than {MAX_PIXELS // 1_000_000} megapixels is refused")


def _thumbnail(picture: Picture, step: Step) -> Picture:
    small = picture.copy()
    both_missing = step.width is None and step.height is None
    free = 256 if both_missing else MAX_SIDE  # one side alone leaves the other free
    small.thumbnail((step.width or free, step.height or free))
    return small


def _resize(picture: Picture, step: Step) -> Picture:
    if step.width is None and step.height is None:
        raise Discard("resize needs width or height")
    # The side that is not named keeps the proportions.
    width = step.width or max(1, round(picture.width * (step.height or 1) / picture.height))
    height = step.height or max(1, round(picture.height * width / picture.width))
    _fits(width, height)
    return picture.resize((width, height))


def _rotate(picture: Picture, step: Step) -> Picture:
    if not math.isfinite(step.angle):
        raise Discard("angle has to be a number of degrees")
    return picture.rotate(step.angle, expand=True)


def _crop(picture: Picture, step: Step) -> Picture:
    box = step.box or _centre(picture, step)
    left, top, right, bottom = box if len(box) == 4 else (0, 0, 0, 0)
    if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
        raise Discard(
            f"crop needs a box inside of {picture.width}x{picture.height}: left, top, right, bottom"
        )
    return picture.crop((left, top, right, bottom))


def _centre(picture: Picture, step: Step) -> list[int]:
    width = min(step.width or picture.width, picture.width)
    height = min(step.height or picture.height, picture.height)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return [left, top, left + width, top + height]


def _target(
    payload: ImageProcessing, source: Path, steps: list[Step], kind: str, ctx: Context
) -> tuple[Path, str]:
    asked = payload.format.upper()
    asked = _BY_SUFFIX.get(f".{asked.lower()}", asked)
    if not asked and payload.output:
        asked = _BY_SUFFIX.get(Path(payload.output).suffix.lower(), "")
    kind = asked or (kind if kind in _WRITE else "PNG")
    if kind not in _WRITE:
        raise Discard(f"format {payload.format[:40]!r}: use {', '.join(_WRITE).lower()}")
    if payload.output:
        return local_path(payload.output, ctx.settings, "output"), kind
    name = f"{source.stem}-{steps[-1].operation}{_WRITE[kind]}"
    return local_path(str(source.with_name(name)), ctx.settings, "output"), kind


def _save(picture: Picture, target: Path, kind: str, quality: int) -> int:
    if kind == "JPEG" and picture.mode not in ("RGB", "L", "CMYK"):
        picture = _on_white(picture)
    options = {"quality": quality} if kind in ("JPEG", "WEBP") else {}
    with replacing(target) as out:
        picture.save(out, format=kind, **options)
    return target.stat().st_size


def _on_white(picture: Picture) -> Picture:
    """JPEG knows no transparency: what was clear becomes white, not black."""
    from PIL import Image

    if not picture.has_transparency_data:
        return picture.convert("RGB")
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    return page.convert("RGB")


_STEPS: dict[str, Callable[[Picture, Step], Picture]] = {
    "thumbnail": _thumbnail,
    "resize": _resize,
    "convert": lambda picture, step: picture,
    "rotate": _rotate,
    "crop": _crop,
    "grayscale": lambda picture, step: picture.convert("L"),
}
