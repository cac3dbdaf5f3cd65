"""The words in which an evaluation asks plainly; words that no caption contains are in
`data.paraphrases`.
"""

from __future__ import annotations

from utils import STEMS

BPM_WORDS = ("a tune at {} bpm", "{} beats per minute please", "set the metronome to {} bpm")
PACE_WORDS = (
    ("slow", "low"),
    ("fast", "high"),
    ("a slow piece, take your time", "low"),
    ("play it really fast", "high"),
    ("a slow tempo", "low"),
    ("a fast tempo", "high"),
    ("low tempo music", "low"),
    ("high tempo music", "high"),
)
KEY_WORDS = ("in {}", "a song in the key of {}", "something in {}, please")
METER_WORDS = (
    ("a waltz", 3.0),
    ("in four four time", 4.0),
    ("music in 3/4 time", 3.0),
    ("a 4/4 beat", 4.0),
)
_NAMES = {
    "bass": ("bass", "bass guitar", "bassless"),
    "drums": ("drums", "percussion", "drumless"),
    "guitar": ("guitar", "guitars", "guitarless"),
    "piano": ("piano", "keyboards", "pianoless"),
}
SILENT_WORDS = {
    stem: (
        f"no {_NAMES[stem][0]}",
        f"a song without {_NAMES[stem][0]}",
        f"without any {_NAMES[stem][1]}",
        f"a {_NAMES[stem][2]} arrangement",
        f"leave out the {_NAMES[stem][0]}",
        f"there should be no {_NAMES[stem][1]} in it",
    )
    for stem in STEMS
}
PLAYING_WORDS = {
    stem: (
        f"with {_NAMES[stem][0]}",
        f"a song with {_NAMES[stem][1]} in it",
        f"music that features {_NAMES[stem][0]}",
    )
    for stem in STEMS
}
# stem, General MIDI program, words for it
PROGRAM_ASKED = (
    ("guitar", 30, "distorted guitar"),
    ("guitar", 25, "acoustic guitar"),
    ("guitar", 27, "clean electric guitar"),
    ("bass", 32, "upright bass"),
    ("bass", 33, "fingered electric bass"),
    ("bass", 38, "synth bass"),
    ("piano", 0, "grand piano"),
    ("piano", 4, "electric piano"),
)
# programs of a stem that sound alike
PROGRAM_FAMILIES = {
    "bass": {"acoustic": (32,), "electric": tuple(range(33, 38)), "synth": (38, 39)},
    "guitar": {"acoustic": (24, 25), "clean": (26, 27, 28, 31), "distorted": (29, 30)},
    "piano": {"acoustic": (0, 1, 2, 3), "electric": (4, 5), "plucked": (6, 7)},
}
EMOTION_WORDS = {
    "happy": ("happy", "a happy tune"),
    "sad": ("sad", "a sad tune"),
    "calm": ("calm", "calm and peaceful"),
    "energetic": ("energetic", "full of energy"),
    "angry": ("angry", "an angry outburst"),
    "tense": ("tense", "tense and uneasy"),
    "tender": ("tender", "tender and gentle"),
    "melancholic": ("melancholic", "a melancholic mood"),
}
NAMED_WORDS = ("{}", "some {} music", "play {}")
DIRECTED = (
    ("fast", {"tempo": "high"}),
    ("slow", {"tempo": "low"}),
    ("no drums", {"plays.drums": 0.0}),
    ("sad", {"valence": "low"}),
    ("happy", {"valence": "high"}),
    ("energetic", {"arousal": "high"}),
    ("calm", {"arousal": "low"}),
    ("no piano", {"plays.piano": 0.0}),
)
NEGATIVES = (
    ("drums", {"plays.drums": 0.0}),
    ("fast", {"tempo": "low"}),
    ("guitar", {"plays.guitar": 0.0}),
    ("slow", {"tempo": "high"}),
    ("piano", {"plays.piano": 0.0}),
    ("sad, in a minor key", {"valence": "high"}),
    ("energetic", {"arousal": "low"}),
    ("happy, in a major key", {"valence": "low"}),
)
