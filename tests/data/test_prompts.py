"""What prompts say outright, and what they only seem to say."""

import pytest

from data.chords import parse_progression
from data.prompts import SpokenFacts, read_prompt, unwanted_stems

BASS, DRUMS, GUITAR, PIANO = "bass", "drums", "guitar", "piano"


def without(*stems):
    return {"plays": dict.fromkeys(stems, False)}


def playing(*stems):
    return {"plays": dict.fromkeys(stems, True)}


def only(*stems):
    return {"plays": {stem: stem in stems for stem in (BASS, DRUMS, GUITAR, PIANO)}}


NUMBERS = [
    ("120 bpm", {"bpm": 120.0}),
    ("120bpm", {"bpm": 120.0}),
    ("a groove at 92.5 BPM", {"bpm": 92.5}),
    ("around 90 beats per minute", {"bpm": 90.0}),
    ("tempo: 140", {"bpm": 140.0}),
    ("at a tempo of 66", {"bpm": 66.0}),
    ("bpm = 101", {"bpm": 101.0}),
    ("a 128-bpm club track", {"bpm": 128.0}),
    ("♩ = 72", {"bpm": 72.0}),
    ("120 bpm or so", {"bpm": 120.0}),
    ("92", {}),
    ("a song from 1985", {}),
    ("half time", {}),
    ("120 or 140 bpm", {}),
    ("between 90 and 100 bpm", {}),
    ("90-100 bpm", {}),
    ("faster than 120 bpm", {}),
    ("under 100 bpm", {}),
    ("not 120 bpm", {}),
    ("20 bpm faster", {}),
    ("5 bpm", {}),
    ("999 bpm", {}),
    ("in 3/4", {"beats_per_bar": 3}),
    ("a slow waltz", {"beats_per_bar": 3}),
    ("6/8 time", {"beats_per_bar": 2}),
    ("12/8", {"beats_per_bar": 4}),
    ("7/8", {"beats_per_bar": 7}),
    ("five four time", {"beats_per_bar": 5}),
    ("three beats to the bar", {"beats_per_bar": 3}),
    ("something in three", {"beats_per_bar": 3}),
    ("back in three minutes", {}),
    ("3/4 of the song", {}),
    ("open 24/7", {}),
    ("written on 3/4/2024", {}),
    ("not a waltz", {}),
    ("a waltz in 4/4", {}),
    ("a 30-second loop", {"duration": 30.0}),
    ("two minutes long", {"duration": 120.0}),
    ("jazz, 45 seconds", {"duration": 45.0}),
    ("lasting 1.5 minutes", {"duration": 90.0}),
    ("the first 10 seconds", {}),
    ("the piano enters after 20 seconds", {"plays": {PIANO: True}}),
    ("fade out over 5 seconds", {}),
]
HARMONY = [
    ("in A minor", {"key": "A minor", "mode": "minor"}),
    ("A minor, 92 bpm", {"key": "A minor", "mode": "minor", "bpm": 92.0}),
    ("slow blues, a minor, sad", {"key": "A minor", "mode": "minor"}),
    ("F# minor", {"key": "F# minor", "mode": "minor"}),
    ("e flat major", {"key": "Eb major", "mode": "major"}),
    ("B♭ major", {"key": "Bb major", "mode": "major"}),
    ("C-sharp minor please", {"key": "C# minor", "mode": "minor"}),
    ("a lazy Sunday groove in F", {"key": "F major", "mode": "major"}),
    ("in C", {"key": "C major", "mode": "major"}),
    ("key of Em", {"key": "E minor", "mode": "minor"}),
    ("funk in g, fast", {"key": "G major", "mode": "major"}),
    ("a minor blues in F", {"key": "F minor", "mode": "minor"}),
    ("in a minor key", {"mode": "minor"}),
    ("in major", {"mode": "major"}),
    ("A minor blues", {"mode": "minor"}),
    ("a minor detail", {}),
    ("A minor detail in a big song", {}),
    ("a major hit", {}),
    ("a minor third apart", {}),
    ("an A minor chord", {}),
    ("the music in a film", {}),
    ("vitamin C", {}),
    ("Washington in D.C. at night", {}),
    ("not in C major", {}),
    ("in C and G", {}),
    ("from C major to A minor", {}),
    ("in G-funk style", {}),
    ("Am F C G", {"chords": "Am F C G"}),
    ("over Am, F, C, G at 92 bpm", {"chords": "Am F C G", "bpm": 92.0}),
    ("Dm7-G7-Cmaj7", {"chords": "Dm7 G7 Cmaj7"}),
    ("Am | F C | G", {"chords": "Am | F C | G"}),
    ("C G F loop", {"chords": "C G F"}),
    ("am f c g, slow", {"chords": "Am F C G"}),
    ("a vamp on Bb Eb/G", {"chords": "Bb Eb/G"}),
    ("A C G Am progression", {"chords": "C G Am"}),
    ("ii V I in F", {"chords": "Gm7 C7 Fmaj7", "key": "F major", "mode": "major"}),
    ("a 2-5-1 in C minor", {"chords": "Ddim G7 Cm", "key": "C minor", "mode": "minor"}),
    ("I V vi IV in D major", {"chords": "D A Bm G", "key": "D major", "mode": "major"}),
    ("i-VI-III-VII in A minor", {"chords": "Am F C G", "key": "A minor", "mode": "minor"}),
    ("1-5-6-4 in G", {"chords": "G D Em C", "key": "G major", "mode": "major"}),
    ("ii V I", {}),
    ("I am in love", {}),
    ("easy as A B C", {}),
    ("form A A B A", {}),
    ("1-2-3-4, let's go in G", {"key": "G major", "mode": "major"}),
    ("Am F C G, then F G C Am", {}),
    ("grade A music", {}),
]
BAND = [
    ("no drums", without(DRUMS)),
    ("without bass", without(BASS)),
    ("sad song without any drums", without(DRUMS)),
    ("without drums or bass", without(DRUMS, BASS)),
    ("no drums, no piano", without(DRUMS, PIANO)),
    ("no bass, guitar or piano", without(BASS, GUITAR, PIANO)),
    ("drumless", without(DRUMS)),
    ("piano-free funk", without(PIANO)),
    ("leave the guitar out", without(GUITAR)),
    ("no keys, bass off, guitar and drums tacet", {}),
    ("bass off, the drums must not play", without(BASS, DRUMS)),
    ("nothing from the piano", without(PIANO)),
    ("I'd rather not hear piano and drums", without(PIANO, DRUMS)),
    ("no piano + guitar + fast", {"plays": {PIANO: False, GUITAR: True}}),
    ("just bass, drums and mellow piano", playing(BASS, DRUMS, PIANO)),
    ("electric bass, drums and keys only", only(BASS, DRUMS, PIANO)),
    ("the bass, guitar and piano must not play", without(BASS, GUITAR, PIANO)),
    ("please don't use drums", without(DRUMS)),
    ("neither drums nor bass", without(DRUMS, BASS)),
    ("fast, angry, no drums, piano", {"plays": {DRUMS: False, PIANO: True}}),
    ("piano instead of guitar", {"plays": {PIANO: True, GUITAR: False}}),
    ("solo piano", only(PIANO)),
    ("just bass and drums", only(BASS, DRUMS)),
    ("piano only, in C", {**only(PIANO), "key": "C major", "mode": "major"}),
    ("nothing but guitar", only(GUITAR)),
    ("guitar alone", only(GUITAR)),
    ("a duet for bass and piano", only(BASS, PIANO)),
    ("a bass and piano duo", only(BASS, PIANO)),
    ("jazz piano trio", only(BASS, DRUMS, PIANO)),
    ("a power trio", only(BASS, DRUMS, GUITAR)),
    ("with a full band", playing(BASS, DRUMS, GUITAR, PIANO)),
    ("slow jazz with piano", playing(PIANO)),
    ("walking bass and brushed drums", playing(BASS, DRUMS)),
    ("nylon guitar", {**playing(GUITAR), "programs": {GUITAR: 24}}),
    ("slap bass, funky", {**playing(BASS), "programs": {BASS: 36}}),
    ("Rhodes and fretless bass", {**playing(PIANO, BASS), "programs": {PIANO: 4, BASS: 35}}),
    ("solo acoustic guitar", {**only(GUITAR), "programs": {GUITAR: 25}}),
    ("distorted guitars", {**playing(GUITAR), "programs": {GUITAR: 30}}),
    ("electric guitar", playing(GUITAR)),
    ("nylon guitar and distorted guitar", playing(GUITAR)),
    ("steel-string guitar", {**playing(GUITAR), "programs": {GUITAR: 25}}),
    ("upright bass", {**playing(BASS), "programs": {BASS: 32}}),
    ("bass drum on every beat", playing(DRUMS)),
    ("a guitar solo", playing(GUITAR)),
    ("no guitar solo", {}),
    ("no slap bass", {}),
    ("no loud drums", {}),
    ("no drums until the chorus", {}),
    ("drums in the chorus, no drums in the verse", playing(DRUMS)),
    ("not without drums", {}),
    ("with or without drums", {}),
    ("maybe drums", {}),
    ("piano or guitar", {}),
    ("less bass", {}),
    ("like a piano", {}),
    ("not just piano", {}),
    ("no drums, bass and piano", without(DRUMS)),
    ("drum and bass", {}),
    ("bass clarinet", {}),
    ("steel drums", {}),
    ("minor keys", {}),
    ("techno drums", playing(DRUMS)),
    ("volcano bass nocturne", playing(BASS)),
    ("no bass, no drums, no guitar, no piano", {}),
    ("a cappella", {}),
    ("solo piano, no drums", only(PIANO)),
]
WHOLE = [
    ("", {}),
    ("music for a rainy afternoon", {}),
    (
        "slow jazz trio in Bb, walking bass and brushed drums, 80 bpm, no guitar",
        {
            "bpm": 80.0,
            "key": "Bb major",
            "mode": "major",
            "plays": {BASS: True, DRUMS: True, GUITAR: False},
        },
    ),
    (
        "A 20-second waltz in E minor for solo nylon-string guitar at 100 bpm",
        {
            **only(GUITAR),
            "bpm": 100.0,
            "key": "E minor",
            "mode": "minor",
            "beats_per_bar": 3,
            "programs": {GUITAR: 24},
            "duration": 20.0,
        },
    ),
]


@pytest.mark.parametrize(("text", "said"), NUMBERS + HARMONY + BAND + WHOLE)
def test_what_a_prompt_says(text, said):
    assert read_prompt(text).said() == said


@pytest.mark.parametrize(("text", "said"), HARMONY)
def test_chords_can_be_played(text, said):
    chords = read_prompt(text).chords
    assert chords is None or len(parse_progression(chords)) > 1


def test_nothing_is_read_from_nothing():
    assert read_prompt(None) == SpokenFacts() and SpokenFacts().said() == {}


def test_a_bar_has_no_more_chords_than_beats():
    assert read_prompt("| C Am F G | C |").chords is not None
    assert read_prompt("in 3/4: | C Am F G | C |").chords is None


def test_long_prompts_are_read_in_time():
    assert read_prompt("a minor detail, " * 2_000).said() == {}
    assert read_prompt("no drums and bass or piano " * 500).plays[DRUMS] is False


@pytest.mark.parametrize(
    ("negative", "stems"),
    [
        ("drums", ["drums"]),
        ("the piano, Bass", ["piano", "bass"]),
        ("guitar and drums", ["guitar", "drums"]),
        ("busy drums", []),
        ("distorted guitar", []),
        ("fast", []),
        ("", []),
        (None, []),
    ],
)
def test_a_stem_named_in_a_negative_prompt_is_unwanted(negative, stems):
    assert unwanted_stems(negative) == stems
