"""Names of keys and progressions, exactly."""

import pytest

from data.captioning.harmony_words import chords_wording, key_wording
from data.chords import KEYS


@pytest.mark.parametrize("key", range(24))
def test_a_key_says_its_own_mode_only(key):
    tonic, mode = KEYS[key].split()
    other = {"major": "minor", "minor": "major"}[mode]
    phrases = list(key_wording(key).phrases())
    assert f"in {tonic} {mode}" in phrases and not any(other in phrase for phrase in phrases)
    assert (f"in {tonic}m" in phrases) == (mode == "minor")


def test_accidentals_are_spelled_out_too():
    assert "in F sharp minor" in key_wording(KEYS.index("F# minor")).details
    assert "in B flat major" in key_wording(KEYS.index("Bb major")).details


@pytest.mark.parametrize(
    ("chords", "key", "name"),
    [
        ("Dm7 G7 Cmaj7", "C major", "ii-V-I"),
        ("C Am Dm G C", "C major", "ii-V-I"),
        ("Bdim E7 Am", "A minor", "ii-V-i"),
        ("Am F C G", "A minor", "i-bVI-bIII-bVII"),
        ("Cmaj7 G Am7 F", "C major", "I-V-vi-IV"),
        ("C Am Dm G", "C major", "I-vi-ii-V turnaround"),
        ("Am G F E", "A minor", "Andalusian cadence"),
        ("E7 A7 E7 A7", None, "two-chord vamp between E7 and A7"),
        ("E7 E7 E7", None, "one-chord vamp on E7"),
    ],
)
def test_progressions_have_names(chords, key, name):
    words = chords_wording(tuple(chords.split()), None if key is None else KEYS.index(key))
    assert name in words.tags


@pytest.mark.parametrize("chords", ["Dm7 G7 Am7", "D G C", "G7 Dm7 Cmaj7", "Dm7 Gsus4 C"])
def test_other_progressions_are_no_two_five_one(chords):
    words = chords_wording(tuple(chords.split()), 0)
    assert not {"ii-V-I", "ii-V-i"} & set(words.tags)


def test_too_little_is_not_mentioned():
    assert chords_wording((None, "N", "C", None), 0) is None
    assert chords_wording(("C", None, "C"), 0) is None
    assert chords_wording((), None) is None
    words = chords_wording(("C", "C", None, "F", "N", "G", "C"), None)
    assert words.tags[0] == "C F G C"
