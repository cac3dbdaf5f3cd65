"""The published distance: songs are found and cut by the protocol; missing weights are named."""

import numpy as np
import pytest
import soundfile

from metrics.fad import PROTOCOL_RATE, ClapListener, mixes, segments
from utils import STEMS, UserError


@pytest.fixture
def songs(tmp_path):
    """A song of stems, a song with a mix, and a single file, 11 s each at 16 kHz."""
    rng = np.random.default_rng(0)
    names = ["one/bass.wav", "one/drums.wav", "two/mix.wav", "two/piano.wav", "three.wav"]
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        noise = 0.05 * rng.standard_normal(11 * PROTOCOL_RATE + number)
        soundfile.write(path, noise, PROTOCOL_RATE, subtype="FLOAT")
    return tmp_path


def test_a_song_is_its_mix_or_the_sum_of_its_stems(songs):
    found = {tuple(p.name for p in song) for song in mixes(songs)}
    assert found == {("bass.wav", "drums.wav"), ("mix.wav",), ("three.wav",)}
    assert not set(STEMS) & {"mix"}


def test_segments_are_of_one_length_and_always_the_same(songs):
    found = list(segments(songs, 7))
    assert [len(s) for s in found] == [163_840] * 7
    assert all((a == b).all() for a, b in zip(found, segments(songs, 7), strict=True))
    assert not (found[0] == found[3]).all()  # the same song, another place
    stems = [soundfile.read(songs / "one" / f"{s}.wav")[0] for s in ("bass", "drums")]
    mixed = stems[0] + stems[1][:-1]
    start = int(np.abs(mixed[:12_161] - found[0][0]).argmin())
    np.testing.assert_allclose(mixed[start : start + 163_840], found[0], atol=1e-6)


def test_songs_that_are_too_short_or_missing_are_refused(tmp_path):
    with pytest.raises(UserError, match="pass a folder of songs"):
        list(segments(tmp_path, 2))
    soundfile.write(tmp_path / "short.wav", np.zeros(PROTOCOL_RATE), PROTOCOL_RATE)
    with pytest.raises(UserError, match=r"lasts 10\.24 s"):
        list(segments(tmp_path, 2))


def test_weights_that_are_not_there_are_named(tmp_path):
    with pytest.raises(UserError, match="get a CLAP model in transformers' format"):
        ClapListener(tmp_path)


def test_a_small_random_clap_gives_an_embedding_per_segment(tmp_path):
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapTextConfig,
    )

    audio = ClapAudioConfig(
        patch_embeds_hidden_size=8, depths=[1, 1], num_attention_heads=[1, 2], hidden_size=16,
        projection_dim=4,
    )  # fmt: skip
    text = ClapTextConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, projection_dim=4,
    )  # fmt: skip
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=4)
    ClapModel(config).save_pretrained(tmp_path)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(tmp_path)
    listener = ClapListener(tmp_path)
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 20_000)).astype(np.float32)
    rows = listener.embed(list(noise))
    assert rows.shape == (2, 4) and np.isfinite(rows).all()
    np.testing.assert_allclose(listener.embed([noise[1]]), rows[1:], atol=1e-4)
