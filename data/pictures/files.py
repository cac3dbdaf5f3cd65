"""Pictures and videos from disk as frames in [0, 1].

Pillow reads png, jpg, gif, webp and bmp; PyAV reads what FFmpeg reads (mp4, webm, mov, animated
gif). Whatever a file claims, no more than a fixed number of pixels and frames is kept.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils import UserError

if TYPE_CHECKING:
    import av
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MAX_PIXELS = 100_000_000
PICTURE_SIDE, VIDEO_SIDE = 512, 128  # longest side that is kept, in pixels
VIDEO_FPS = 4.0
MAX_FRAMES = 1_200


@dataclass(frozen=True)
class Clip:
    """Frames float32 (m c h w) in [0, 1], c = 3 (red, green, blue), and their times (m,) in
    seconds, evenly spaced; a picture is a clip of one frame.
    """

    frames: np.ndarray
    times: np.ndarray


def read_frames(path: str | Path, *, max_frames: int = MAX_FRAMES, fps: float = VIDEO_FPS) -> Clip:
    """A picture or a video, told apart by what is in the file rather than by its name.

    Raises:
        UserError: as `read_picture` and `read_video`.
    """
    if _is_picture(_existing(path)):
        return Clip(read_picture(path)[None], np.zeros(1))
    return read_video(path, max_frames, fps)


def read_picture(path: str | Path, *, max_side: int = PICTURE_SIDE) -> np.ndarray:
    """A picture as float32 (c h w) in [0, 1], upright, on white where it is transparent.

    Args:
        max_side: a larger picture is scaled down to this longest side.

    Raises:
        UserError: no such file, not a picture of `FORMATS`, damaged, or too large.
    """
    with _opened(_existing(path)) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise UserError(
                f"{path} has {picture.width} x {picture.height} pixels: expected at most "
                f"{MAX_PIXELS // 10**6} million, scale it down first"
            )
        upright = _upright(picture, max_side)
    return np.ascontiguousarray(np.asarray(upright, np.float32).transpose(2, 0, 1) / 255.0)


def read_video(
    path: str | Path,
    max_frames: int = MAX_FRAMES,
    fps: float = VIDEO_FPS,
    *,
    max_side: int = VIDEO_SIDE,
) -> Clip:
    """A video at an even frame rate: at each moment the frame that is on the screen.

    Args:
        max_frames: reading stops there, with a warning when more follows.
        fps: frames per second of the result; the encoder was trained at `VIDEO_FPS`.
        max_side: frames are scaled down to this longest side.

    Raises:
        UserError: no such file, no video in it, damaged, or frames too large.
    """
    if max_frames < 1 or not 0.1 <= fps <= 100.0:
        raise UserError(
            f"max_frames {max_frames} and fps {fps:g}: expected at least 1, and 0.1 to 100"
        )
    frames: list[np.ndarray] = []
    with _errors_of_av(_existing(path)), _video(path) as container:
        size = _small(container.streams.video[0].codec_context, max_side)
        for frame in _even(container, fps):
            if len(frames) == max_frames:
                limit = f"up to {max_frames / fps:g} s ({max_frames} frames)"
                warnings.warn(f"{path} is read {limit}", stacklevel=2)
                break
            frames.append(_pixels(frame, size))
    if not frames:
        raise UserError(f"{path} holds no frame that can be decoded: export the video again")
    return Clip(np.stack(frames).astype(np.float32) / 255.0, np.arange(len(frames)) / fps)


def save_picture(frame: np.ndarray, path: str | Path) -> None:
    """Writes a frame (c h w) in [0, 1] as png, jpg, gif, webp or bmp, by the file's ending."""
    from PIL import Image

    pixels = np.rint(np.clip(frame, 0.0, 1.0) * 255).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(pixels).save(path)


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise UserError(f"no picture or video at {path}: check the path")
    return Path(path)


def _is_picture(path: Path) -> bool:
    """Whether Pillow knows it and it does not move."""
    try:
        with _opened(path) as picture:
            return not getattr(picture, "is_animated", False)
    except UserError:
        return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture whose every way to be broken is one line."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as picture:
                yield picture
        except Image.UnidentifiedImageError:
            raise UserError(
                f"{path} is not a picture: expected {', '.join(FORMATS).lower()}"
            ) from None
        except Image.DecompressionBombError:
            raise UserError(
                f"{path} has too many pixels: expected at most {MAX_PIXELS // 10**6} million, "
                "scale it down first"
            ) from None
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
            raise UserError(f"{path} is damaged ({error}): save the picture again") from None


def _upright(picture: Image.Image, max_side: int) -> Image.Image:
    """Small, turned as the camera was held, RGB over white."""
    from PIL import Image, ImageOps

    picture.draft("RGB", (2 * max_side, 2 * max_side))
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16-bit grey
        picture = Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    picture = picture.convert("RGBA")
    picture.thumbnail((max_side, max_side), Image.Resampling.BOX)
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


@contextlib.contextmanager
def _errors_of_av(path: Path) -> Iterator[None]:
    """FFmpeg's errors as one line."""
    try:
        import av
    except ImportError:
        raise UserError("reading videos needs PyAV: pip install av") from None
    try:
        yield
    except av.FFmpegError as error:
        raise UserError(
            f"{path} cannot be read as a picture or a video ({error.strerror}): expected png, jpg, "
            "webp, bmp, mp4, webm, mov or gif"
        ) from None


@contextlib.contextmanager
def _video(path: str | Path) -> Iterator[av.container.InputContainer]:
    """An open container with a video of acceptable size in it."""
    import av

    local = {"protocol_whitelist": "file"}  # a playlist must not reach into the network
    with av.open(str(path), metadata_errors="ignore", container_options=local) as container:
        if not container.streams.video:
            raise UserError(f"there is no video in {path}: expected mp4, webm, mov or gif")
        context = container.streams.video[0].codec_context
        if context.width * context.height > MAX_PIXELS:
            raise UserError(
                f"{path} has frames of {context.width} x {context.height} pixels: scale it down"
            )
        yield container


def _even(container: Any, fps: float) -> Iterator[av.VideoFrame]:
    """The frame on the screen at 0, 1/fps, 2/fps ... seconds."""
    stream = container.streams.video[0]
    rate = float(stream.average_rate or fps)
    start, shown, end, count = None, None, 0.0, 0
    for index, frame in enumerate(container.decode(stream)):
        time = index / rate if frame.time is None else frame.time
        start = time if start is None else start
        while shown is not None and count / fps < time - start - 1e-6:
            yield shown
            count += 1
        seconds = float(frame.duration * frame.time_base) if frame.duration else 1.0 / rate
        shown, end = frame, time - start + seconds
    while shown is not None and (count / fps < end - 1e-6 or count == 0):
        yield shown
        count += 1


def _small(shape: Any, max_side: int) -> tuple[int, int]:
    """Width and height with the longest side at most `max_side`."""
    scale = min(1.0, max_side / max(shape.width, shape.height, 1))
    return max(1, round(shape.width * scale)), max(1, round(shape.height * scale))


def _pixels(frame: av.VideoFrame, size: tuple[int, int]) -> np.ndarray:
    """uint8 (c h w) of a frame, of this size, upright."""
    width, height = size
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    return np.rot90(pixels, frame.rotation // 90).transpose(2, 0, 1)
