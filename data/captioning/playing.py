"""Words for how music is played: pace, meter, swing, touch, level, tone, register and fullness."""

from __future__ import annotations

import math

from data.captioning.wording import Wording, wording

# upper edge in bpm -> words
PACES: tuple[tuple[float, Wording], ...] = (
    (
        70.0,
        wording(
            adjectives="very slow | very slow-moving | crawling | extremely slow | terribly slow",
            details="at a very slow tempo | as slow as can be | at a crawl",
            clauses="""play it very slowly | as slow as you can
                let every note ring before the next""",
            tags="very low tempo",
        ),
    ),
    (
        88.0,
        wording(
            adjectives="slow | slow-paced | unhurried | leisurely | slow-moving | ambling",
            details="at a slow tempo | at an easy pace | taken slowly | with time to spare",
            clauses="take your time | play it slowly | do not rush | keep the tempo low",
            tags="slow tempo | low tempo",
        ),
    ),
    (
        112.0,
        wording(
            adjectives="mid-tempo | moderate | medium-paced | walking-pace | moderately paced",
            details="at a medium tempo | at a walking pace | neither fast nor slow",
            clauses="keep a moderate tempo | not too fast and not too slow | keep a steady pace",
            tags="medium tempo | moderate tempo",
        ),
    ),
    (
        138.0,
        wording(
            adjectives="brisk | fairly fast | quick-stepping | upbeat | nimble",
            details="at a brisk tempo | at a good pace | that moves along",
            clauses="keep it moving | on the quick side | do not drag",
            tags="brisk tempo",
        ),
    ),
    (
        170.0,
        wording(
            adjectives="fast | quick | fast-paced | swift | galloping | fast-moving",
            details="at a fast tempo | at a quick pace | that hurries on",
            clauses="play it fast | step on the gas | keep the tempo high | do not slow down",
            tags="fast tempo | high tempo",
        ),
    ),
    (
        math.inf,
        wording(
            adjectives="very fast | racing | breakneck | extremely fast | blistering",
            details="at a very fast tempo | at a furious pace | as fast as the band can play",
            clauses="play it as fast as you can | it should race | hold on to your hat",
            tags="very high tempo",
        ),
    ),
)
# beats per bar -> words; two and four beats can be dotted, so they claim no 2/4 or 4/4
METERS: dict[int, Wording] = {
    2: wording("", "in two | with two beats to the bar", "count it in two", "two beats to the bar"),
    3: wording(
        adjectives="waltzing | triple-time",
        details="in 3/4 | in three | in waltz time | with three beats to the bar | in 3/4 time",
        clauses="make it a waltz | count it in three | one, two, three, one, two, three",
        tags="waltz | 3/4 | waltz time",
    ),
    4: wording("", "in four | with four beats to the bar", "count it in four", "in four"),
    5: wording(
        adjectives="odd-time",
        details="in five | in an odd meter | with five beats to the bar",
        clauses="count it in five",
        tags="five beats to the bar | odd meter",
    ),
    6: wording("", "in six | with six beats to the bar", "count it in six", "six beats to the bar"),
    7: wording(
        adjectives="odd-time",
        details="in seven | in an odd meter | with seven beats to the bar",
        clauses="count it in seven",
        tags="seven beats to the bar | odd meter",
    ),
}
SWUNG = wording(
    adjectives="swinging | swung | triplet-feel | loping",
    details="with a swing feel | with swung eighths | in a swing groove | that swings",
    clauses="swing the eighths | it has to swing | play long-short, long-short",
    tags="swing | swing feel",
)
SHUFFLE = wording(
    adjectives="shuffling | shuffle-feel | swinging | loping",
    details="with a shuffle feel | over a shuffle groove | with a shuffle beat",
    clauses="let it shuffle | play it as a shuffle",
    tags="shuffle | shuffle feel",
)
STRAIGHT = wording(
    adjectives="straight | straight-ahead | even-eighth",
    details="with straight eighths | with a straight feel | without any swing",
    clauses="play the eighths straight | do not swing it",
    tags="straight eighths | no swing",
)
# mean velocity over 127, at most and at least
TOUCHES: dict[str, Wording] = {
    "low": wording(
        adjectives="soft | softly played | delicate | gentle | quietly played | soft-spoken",
        details="played softly | with a light touch | with a soft touch | played very gently",
        clauses="play softly | go easy on the instruments | touch the notes lightly",
        tags="soft dynamics | quiet dynamics | soft playing",
    ),
    "high": wording(
        adjectives="hard-hitting | forceful | powerful | loudly played | punchy | hard-played",
        details="played hard | with a heavy hand | with full force | played with power",
        clauses="hit it hard | play with force | dig in | play it loud",
        tags="hard dynamics | loud dynamics | loud playing",
    ),
}
LEVELS: dict[str, Wording] = {
    "low": wording(
        adjectives="quiet | low-volume",
        details="at a low volume | that stays in the background | turned down low",
        clauses="keep the volume down | not too loud",
        tags="low volume | quiet",
    ),
    "high": wording(
        adjectives="loud | noisy | high-volume",
        details="at full volume | turned up loud | loud and full",
        clauses="turn it up | make it loud",
        tags="high volume | loud",
    ),
}
TONES: dict[str, Wording] = {
    "low": wording(
        adjectives="dark-sounding | dull-sounding | warm-sounding | round-toned | dusky-toned",
        details="with a dark tone | with a warm, round sound | with little treble",
        clauses="keep the sound dark | roll off the treble | take the highs away",
        tags="dark tone | warm tone | little treble",
    ),
    "high": wording(
        adjectives="bright-sounding | brilliant-sounding | sharp-toned | glassy | clear-toned",
        details="with a bright tone | with plenty of treble | with a brilliant sound",
        clauses="keep the sound bright | add some treble | let the highs ring",
        tags="bright tone | bright sound | much treble",
    ),
}
REGISTERS: dict[str, Wording] = {
    "low": wording(
        adjectives="low-pitched | deep | low-lying",
        details="in a low register | deep down on the instruments | with low voicings",
        clauses="stay in the low notes | play it low down",
        tags="low register | low notes | deep notes",
    ),
    "high": wording(
        adjectives="high-pitched | high-lying",
        details="in a high register | high up on the instruments | with high voicings",
        clauses="stay in the high notes | play it high up",
        tags="high register | high notes",
    ),
}
FULLNESS: dict[str, Wording] = {
    "low": wording(
        adjectives="sparse | minimal | stripped-back | bare | thinly scored | roomy",
        details="with few notes | with lots of space | with long rests | with a sparse texture",
        clauses="leave plenty of space | play only what is needed | fewer notes",
        tags="sparse | few notes | minimalist",
    ),
    "high": wording(
        adjectives="busy | dense | thick | full-sounding | densely scored | eventful",
        details="with many notes | with a lot going on | with a dense texture | packed with notes",
        clauses="fill every gap | play lots of notes | keep everybody busy",
        tags="busy | many notes | dense",
    ),
}
