"""Files become upright RGB frames at even times, and what is wrong with one is said in a line."""

import warnings

import av
import numpy as np
import pytest
from PIL import Image

from data.pictures import files
from data.pictures.files import read_frames, read_picture, read_video, save_picture
from utils import UserError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def pixels(height: int = 4, width: int = 6) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def write_video(path, frames, *, rate: int = 8, codec: str = "mpeg4", form: str = "yuv420p"):
    """A video of plain-coloured frames of 64 x 48 pixels."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, form
        for colour in frames:
            picture = np.full((48, 64, 3), colour, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("ending", ["png", "bmp"])
def test_lossless_pictures_come_back_exactly(tmp_path, ending):
    Image.fromarray(pixels()).save(tmp_path / f"a.{ending}")
    picture = read_picture(tmp_path / f"a.{ending}")
    assert picture.dtype == np.float32 and picture.shape == (3, 4, 6)
    assert np.array_equal(picture, pixels().transpose(2, 0, 1).astype(np.float32) / 255.0)


@pytest.mark.parametrize("ending", ["jpg", "webp", "gif"])
def test_other_formats_are_read(tmp_path, ending):
    Image.new("RGB", (20, 10), RED).save(tmp_path / f"a.{ending}")
    mean = read_picture(tmp_path / f"a.{ending}").mean((1, 2))
    assert mean == pytest.approx([1, 0, 0], abs=0.02)


def test_saved_pictures_come_back(tmp_path):
    picture = pixels().transpose(2, 0, 1).astype(np.float32) / 255.0
    save_picture(picture, tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png"), picture)


def test_grey_transparent_palette_and_sixteen_bit(tmp_path):
    read = lambda picture: (picture.save(tmp_path / "a.png"), read_picture(tmp_path / "a.png"))[1]
    assert np.all(read(Image.new("L", (2, 2), 51)) == np.float32(0.2))
    assert np.all(read(Image.new("RGBA", (2, 2), (0, 0, 0, 0))) == 1.0)
    half = read(Image.new("RGBA", (2, 2), (0, 0, 0, 128)))
    assert half == pytest.approx(127 / 255, abs=1e-6)
    assert np.all(read(Image.new("1", (2, 2), 1)) == 1.0)
    palette = read(Image.new("RGB", (2, 2), BLUE).quantize(2))
    assert palette.mean((1, 2)) == pytest.approx([0, 0, 1])
    deep = read(Image.fromarray(np.full((2, 2), 0x8000, np.uint16)))
    assert deep == pytest.approx(128 / 255)


def test_cmyk_is_read(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert read_picture(tmp_path / "a.jpg").mean((1, 2)) == pytest.approx([1, 0, 0], abs=0.05)


def test_pictures_are_turned_as_the_camera_was_held(tmp_path):
    picture = Image.fromarray(pixels())
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    picture.save(tmp_path / "a.png", exif=exif)
    turned = np.rot90(pixels(), -1).transpose(2, 0, 1) / 255.0
    assert read_picture(tmp_path / "a.png") == pytest.approx(turned)


def test_large_pictures_are_scaled_down_and_huge_ones_refused(tmp_path, monkeypatch):
    Image.new("RGB", (1000, 400), RED).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", max_side=100).shape == (3, 40, 100)
    monkeypatch.setattr(files, "MAX_PIXELS", 300_000)
    with pytest.raises(UserError, match="1000 x 400 pixels"):
        read_picture(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with pytest.raises(UserError, match="too many pixels"):
        read_picture(tmp_path / "a.png")


def test_what_is_no_picture_is_explained(tmp_path):
    with pytest.raises(UserError, match="no picture or video at"):
        read_picture(tmp_path / "missing.png")
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(UserError, match="is not a picture: expected png, jpeg"):
        read_picture(tmp_path / "a.png")
    Image.fromarray(pixels(64, 64)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    with pytest.raises(UserError, match="is damaged"):
        read_picture(tmp_path / "cut.png")


def test_a_video_at_an_even_rate(tmp_path):
    path = write_video(tmp_path / "a.mp4", [RED] * 8 + [BLUE] * 8)  # 2 s at 8 frames per second
    clip = read_video(path, fps=4.0)
    assert clip.frames.shape == (8, 3, 48, 64) and clip.frames.dtype == np.float32
    assert np.array_equal(clip.times, np.arange(8) / 4)
    assert list(clip.frames.mean((2, 3)).argmax(1)) == [0] * 4 + [2] * 4
    assert 0.0 <= clip.frames.min() and clip.frames.max() <= 1.0
    assert read_video(path, max_side=32).frames.shape[2:] == (24, 32)


def test_slow_videos_hold_their_frames(tmp_path):
    path = write_video(tmp_path / "a.mp4", [RED, BLUE], rate=1)
    assert list(read_video(path).frames.mean((2, 3)).argmax(1)) == [0] * 4 + [2] * 4


def test_long_videos_are_cut_with_a_warning(tmp_path):
    path = write_video(tmp_path / "a.mp4", [RED] * 24)
    with pytest.warns(UserWarning, match=r"read up to 1 s \(4 frames\)"):
        assert len(read_video(path, max_frames=4).frames) == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_video(path, max_frames=12).frames) == 12


def test_content_decides_not_the_name(tmp_path):
    write_video(tmp_path / "a.mp4", [RED] * 4).rename(tmp_path / "a.png")
    assert len(read_frames(tmp_path / "a.png").frames) == 2
    Image.new("RGB", (4, 4), RED).save(tmp_path / "still.gif")
    still = read_frames(tmp_path / "still.gif")
    assert still.frames.shape == (1, 3, 4, 4) and np.array_equal(still.times, [0.0])


def test_moving_gifs_are_videos(tmp_path):
    colours = [Image.new("RGB", (16, 16), c) for c in (RED, BLUE, RED)]
    colours[0].save(tmp_path / "a.gif", save_all=True, append_images=colours[1:], duration=500)
    clip = read_frames(tmp_path / "a.gif")
    assert list(clip.frames.mean((2, 3)).argmax(1)) == [0, 0, 2, 2, 0, 0]


def test_webm_is_read(tmp_path):
    path = write_video(tmp_path / "a.webm", [BLUE] * 8, codec="libvpx")
    assert read_video(path).frames.mean((0, 2, 3)).argmax() == 2


def test_what_is_no_video_is_explained(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing to see" * 100)
    with pytest.raises(UserError, match="cannot be read as a picture or a video"):
        read_frames(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(UserError, match="there is no video in"):
        read_video(tmp_path / "a.wav")
    with pytest.raises(UserError, match="max_frames 0"):
        read_video(tmp_path / "a.wav", max_frames=0)
