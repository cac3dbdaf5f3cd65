"""The peer's network: what it needs, and what a song of it costs."""

import importlib.util

import pytest

from metrics.msdm import CALLS_PER_SONG, CONFIGURATION, PeerCost, build_msdm
from utils import NUM_STEMS, UserError

INSTALLED = importlib.util.find_spec("audio_diffusion_pytorch") is not None


def test_a_song_is_150_calls_on_four_stems():
    cost = PeerCost(405_497_700, 2.5, CALLS_PER_SONG)
    assert cost.seconds_per_song == 375.0
    assert CONFIGURATION["in_channels"] == NUM_STEMS


@pytest.mark.skipif(INSTALLED, reason="the package is installed")
def test_a_missing_package_says_what_to_install():
    with pytest.raises(UserError, match="pip install --no-deps audio-diffusion-pytorch==0.0.43"):
        build_msdm()


@pytest.mark.skipif(not INSTALLED, reason="the package is not installed")
def test_the_network_has_the_published_size():
    assert sum(p.numel() for p in build_msdm().parameters()) == 405_497_700
