"""The words that captions choose from, by what they say."""

from __future__ import annotations

import math

MOOD_WORDS = {
    "happy": ("happy", "cheerful", "joyful", "sunny", "bright", "feel-good", "merry"),
    "sad": ("sad", "sorrowful", "mournful", "gloomy", "heartbroken", "unhappy"),
    "calm": ("calm", "peaceful", "relaxed", "gentle", "serene", "laid-back", "soothing"),
    "energetic": ("energetic", "lively", "exciting", "driving", "high-energy", "upbeat"),
    "angry": ("angry", "aggressive", "fierce", "intense", "furious", "heavy"),
    "tense": ("tense", "dark", "restless", "anxious", "suspenseful", "brooding"),
    "tender": ("tender", "warm", "romantic", "sweet", "loving", "intimate"),
    "melancholic": ("melancholic", "wistful", "pensive", "nostalgic", "lonely", "subdued"),
}
STYLE_WORDS = {
    "pop": ("pop", "radio pop", "catchy pop"),
    "rock": ("rock", "rock band", "guitar rock"),
    "funk": ("funk", "funky", "groovy funk"),
    "jazz": ("jazz", "swinging jazz", "jazzy"),
    "blues": ("blues", "bluesy", "shuffling blues"),
    "country": ("country", "folk and country", "country-style"),
    "electronic": ("electronic", "dance", "electro", "club"),
    "latin": ("latin", "latin-style", "tropical latin"),
    "reggae": ("reggae", "reggae-style", "roots reggae"),
    "ballad": ("ballad", "soft ballad", "ballad-style"),
    "soul": ("soul", "soulful", "R&B"),
}
TEMPO_WORDS = (
    (70.0, ("very slow", "very slow-moving", "crawling")),
    (88.0, ("slow", "slow-paced", "unhurried")),
    (112.0, ("mid-tempo", "moderate", "medium-paced", "walking-pace")),
    (138.0, ("upbeat", "brisk", "fairly fast", "lively-paced")),
    (170.0, ("fast", "quick", "fast-paced")),
    (math.inf, ("very fast", "racing", "breakneck")),
)
PROGRAM_WORDS = {
    0: ("grand piano", "acoustic piano"),
    1: ("bright piano", "acoustic piano"),
    2: ("electric grand piano",),
    3: ("honky-tonk piano",),
    4: ("electric piano", "Rhodes"),
    5: ("electric piano", "FM electric piano"),
    6: ("harpsichord",),
    7: ("clavinet", "funky clavinet"),
    24: ("nylon-string guitar", "classical guitar"),
    25: ("steel-string guitar", "acoustic guitar"),
    26: ("jazz guitar", "mellow electric guitar"),
    27: ("clean electric guitar", "clean guitar"),
    28: ("muted guitar", "palm-muted guitar"),
    29: ("overdriven guitar", "crunchy guitar"),
    30: ("distorted guitar", "heavy guitar"),
    31: ("guitar harmonics",),
    32: ("upright bass", "acoustic bass", "double bass"),
    33: ("fingered bass", "electric bass"),
    34: ("picked bass", "electric bass"),
    35: ("fretless bass",),
    36: ("slap bass",),
    37: ("slap bass",),
    38: ("synth bass",),
    39: ("synth bass",),
}
STEM_WORDS = {
    "bass": ("bass", "bass line", "bass guitar"),
    "drums": ("drums", "drum kit", "a drummer", "percussion"),
    "guitar": ("guitar", "guitars"),
    "piano": ("piano", "keys", "keyboards"),
}
BUSY_WORDS = ("busy", "dense", "rolling")
SPARSE_WORDS = ("sparse", "simple", "minimal")
NOUNS = ("song", "track", "tune", "piece", "groove", "instrumental", "jam")
LOUD_WORDS = ("played loud", "played hard", "loud and full")
SOFT_WORDS = ("played softly", "quiet", "soft and gentle")
NOTHING_KNOWN = (
    "a piece of music",
    "music for a small band",
    "a song",
    "an instrumental",
    "a tune",
)
# strokes per second of a stem that count as sparse and as busy: the outer fifths of real songs
DENSITY_EDGES = {"bass": (1.1, 3.1), "drums": (2.6, 6.0), "guitar": (0.8, 4.0), "piano": (0.7, 3.2)}
SOFT, LOUD = 0.55, 0.8
