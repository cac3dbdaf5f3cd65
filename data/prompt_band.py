"""Who plays and on what, as a prompt says it: "no drums", "just bass and drums", "slap bass".

Instruments are found first and stand as marks in the text; then come the rules: what is denied,
what alone is wanted, what is simply named. A mention that could be meant otherwise ("no guitar
solo", "maybe drums", "piano or guitar") says nothing about its stem, and a stem about which a
prompt says both things is left open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from utils import STEMS

# words -> stem and General MIDI program; None: the stem, on whatever instrument
_TERMS: dict[str, tuple[str, int | None]] = {
    r"(?:bass|kick|snare) drums?|drum ?(?:kit|set|beat)s?|drums?|drummer|percussion": (
        "drums",
        None,
    ),
    r"bass (?:guitar|line|player)s?|basslines?|(?:(?:electric|distorted|overdriven) )?bass": (
        "bass",
        None,
    ),
    r"(?:upright|double|acoustic|string) bass|contrabass": ("bass", 32),
    r"finger(?:ed|style|picked)? (?:electric )?bass": ("bass", 33),
    r"picked (?:electric )?bass": ("bass", 34),
    r"fretless (?:electric )?bass": ("bass", 35),
    r"slap(?:ped)? (?:electric )?bass": ("bass", 36),
    r"(?:synth|synthesizer|moog) bass": ("bass", 38),
    r"(?:electric )?guitars?|guitar (?:player|part)s?|guitarist": ("guitar", None),
    r"(?:nylon(?: string)?|classical|spanish) guitars?": ("guitar", 24),
    r"(?:steel string|acoustic|western) guitars?": ("guitar", 25),
    r"(?:jazz|hollow ?body) guitars?": ("guitar", 26),
    r"clean (?:electric )?guitars?": ("guitar", 27),
    r"(?:palm )?muted (?:electric )?guitars?": ("guitar", 28),
    r"(?:overdriven|crunchy|crunch) (?:electric )?guitars?": ("guitar", 29),
    r"(?:distorted|distortion|fuzz) (?:electric )?guitars?": ("guitar", 30),
    r"guitar harmonics": ("guitar", 31),
    r"pianos?|piano (?:player|part)s?|pianist|keyboards?|upright piano": ("piano", None),
    r"grand piano|concert grand(?: piano)?|acoustic piano": ("piano", 0),
    r"bright (?:acoustic )?piano": ("piano", 1),
    r"electric grand(?: piano)?": ("piano", 2),
    r"honky ?tonk piano": ("piano", 3),
    r"electric pianos?|e piano|(?:fender )?rhodes(?: piano)?|wurlitzer(?: piano)?": ("piano", 4),
    r"(?:fm|dx7) (?:electric )?piano|dx7": ("piano", 5),
    r"harpsichord": ("piano", 6),
    r"clavinet|clav": ("piano", 7),
    r"(?<!minor )(?<!major )(?<!all )(?<!in )(?<!of )(?<!white )(?<!black )keys": ("piano", None),
}
# instruments that are not ours, genres, and words that only look like instruments
_OTHERS = (
    r"drum (?:and|n|&|'n'?) bass|dnb|steel drums?|steel guitars?|slide guitar|drum rolls?|"
    r"drum machines?|bass (?:clarinet|voice|clef|heavy|boost(?:ed)?|drop|trombone|singer|flute)|"
    r"mezzo piano|piano (?:dynamics?|rolls?|bar|man)|(?:toy|thumb|player) piano|"
    r"guitar (?:hero|amps?|pedals?)|(?:air|lap steel|bass and) guitar(?! ?s)|sub bass|"
    r"(?:lead|rhythm|solo) (?=guitar)"
)
_ORDER = sorted(_TERMS, key=lambda pattern: _TERMS[pattern][1] is None)
_FIND = re.compile(
    rf"\b(?:(?P<other>{_OTHERS})|"
    + "|".join(f"(?P<t{i}>{p})" for i, p in enumerate(_ORDER))
    + r")\b"
)
_LESS = re.compile(r"\b(drum|bass|guitar|piano)s?(?:less| free)\b")

_X = r"<\d+>"
_LIST = rf"{_X}(?:(?: ?, ?| ?,? ?(?:and|or|nor|&|\+) )(?:(?:no|any|without) )?{_X})*"
_THE = r"(?:any |the |all |of )*"
_DENY = re.compile(
    r"\b(?:no|without|w/o|minus|sans|omit|exclude|excluding|mute|remove|skip|drop|lose|zero|lacking|"
    r"leaves? out|take out|cut out|cut|nothing from|do without|note of|neither|instead of|"
    r"rather than|"
    r"rather not (?:hear|have)|(?:do not|don't|dont) (?:want|need|use|play|include|add)|"
    rf"(?:doesn't|does not) (?:have|need|use|include)) {_THE}(?P<list>{_LIST})"
)
_OFF = re.compile(
    rf"(?P<list>(?<=the ){_LIST}|{_X}(?: (?:and|or|&) {_X})*)"
    r":? (?:out|off|away|tacet|muted|must not play)\b"
)
_KEPT = re.compile(r"(?:\bnot|n't|\bnever|\bcannot|\bdont|\bor)(?: (?:do|go|live|be))? $")
_ALONE = re.compile(
    r"\b(?:just|only|nothing but|nothing except|solely|purely)"
    r"(?: (?:want|need|use|hear|a|an|the))*"
    rf" (?P<list>{_LIST})"
    r"(?=$| ?[.;:!?)]| ?,(?! ?(?:and )?<)"
    r"| (?:please|at|for(?! the)|over|without|no|playing|and no|in(?! the))\b)"
    rf"|\b(?:solo|unaccompanied) (?P<solo>{_X})"
    rf"|(?P<last>{_LIST}) (?:only|alone|and nothing else|and nobody else|on its own|by itself)\b"
    rf"|\b(?:duo|duet|trio) (?:of|for|with) (?P<group>{_LIST})"
    rf"|(?P<duo>{_X} ?(?:and|&|\+|,|/)? ?{_X}) (?:duo|duet)\b"
)
_BANDS = {
    r"<\d+> trio": None,  # of a piano: with bass and drums
    r"power trio": {"bass": True, "drums": True, "guitar": True, "piano": False},
    r"full band": dict.fromkeys(STEMS, True),
}
_PARTLY = re.compile(
    r" ?(?:solos?|fills?|drops?|effects?|noises?|breaks?|intros?|melod(?:y|ies)|riffs?|leads?|"
    r"licks?|runs?|feedback|tuning|samples?|loops?|chords?|sounds?|tones?|strings?)\b"
    r"|,? (?:until|till|before|during|after|yet|except|at (?:first|the)|for the first|then|"
    r"in the (?:intro|beginning|verse|chorus|bridge|first|middle|outro|end|start|second))\b"
)
_OPEN_BEFORE = re.compile(
    r"\b(?:less|fewer|maybe|perhaps|possibly|optional|optionally|if|like|unlike|as if|replace|"
    r"replacing|than|with or without|either|could be|might|vs|or)(?: (?:a|an|the|some|there))*"
    r"(?: \w+)? $|/ ?$"
)
_OPEN_AFTER = re.compile(r" ?(?:optional|like\b|ish\b|esque|inspired|if\b|or\b(?! so)|\?|/)")
_DENIED_BEFORE = re.compile(
    r"\b(?:no|not|without|minus|sans|never|neither|nor|don't|do not|doesn't|skip|drop|omit|remove|"
    r"mute|lose|cut|avoid|leave out|instead of|rather than)"
    r"(?: (?!but|and|with|just|only|plus)\w+){0,3} $"
)


@dataclass(frozen=True)
class _Mention:
    stem: str
    program: int | None
    plain: bool  # the stem itself, not one kind of its instruments


def read_band(text: str) -> tuple[dict[str, bool], dict[str, int]]:
    """Stem -> whether it plays, and stem -> General MIDI program, those that are said."""
    marked, mentions = _marked(text)
    votes: dict[str, set[bool]] = {stem: set() for stem in STEMS}
    settled: set[int] = set()  # mentions that a rule has dealt with
    alone = _alone(marked, mentions, votes, settled)
    _denied(marked, mentions, votes, settled)
    named = alone | _named(marked, mentions, settled)
    for number in named:
        votes[mentions[number].stem].add(True)
    plays = {stem: vote.pop() for stem, vote in votes.items() if len(vote) == 1}
    if len(plays) == len(STEMS) and not any(plays.values()):
        plays = {}
    return plays, _programs([mentions[n] for n in named], plays)


def _programs(named: list[_Mention], plays: dict[str, bool]) -> dict[str, int]:
    """The program of every stem that plays and for which one is named."""
    found: dict[str, set[int]] = {stem: set() for stem in STEMS}
    for mention in named:
        if mention.program is not None and plays.get(mention.stem):
            found[mention.stem].add(mention.program)
    return {stem: programs.pop() for stem, programs in found.items() if len(programs) == 1}


def _marked(text: str) -> tuple[str, list[_Mention]]:
    """The text in lower case with `<number>` for every mention of an instrument."""
    text = re.sub(r"[<>]", " ", text.lower())
    text = re.sub(r"(?<=\w)[-_](?=\w)", " ", text)
    text = _LESS.sub(lambda m: f"without {'drums' if m[1] == 'drum' else m[1]}", text)
    mentions: list[_Mention] = []

    def mark(match: re.Match) -> str:
        if match["other"] is not None:
            return match[0] if match[0].startswith(("lead", "rhythm", "solo")) else "something"
        stem, program = _TERMS[_ORDER[int(match.lastgroup[1:])]]
        plain = program is None and not match[0].startswith(
            ("electric", "upright", "kick", "snare")
        )
        mentions.append(_Mention(stem, program, plain))
        return f"<{len(mentions) - 1}>"

    return _FIND.sub(mark, text), mentions


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"<(\d+)>", text)]


def _alone(
    text: str, mentions: list[_Mention], votes: dict[str, set[bool]], settled: set[int]
) -> set[int]:
    """Votes of "solo piano", "just bass and drums": these play, the others do not."""
    named: set[int] = set()
    for match in _ALONE.finditer(text):
        words = next(group for group in match.groups() if group)
        numbers = _numbers(words)
        denied = _DENIED_BEFORE.search(text[: match.start()]) or _KEPT.search(text[: match.start()])
        unsure = " or " in words or _PARTLY.match(text[match.end() :])
        if not denied and not unsure:
            playing = {mentions[n].stem for n in numbers}
            named |= set(numbers)
            for stem in set(STEMS) - playing:
                votes[stem].add(False)
        settled |= set(numbers)
    for pattern, band in _BANDS.items():
        for match in re.finditer(rf"(?<!not a )(?<!no )\b{pattern}\b" if band else pattern, text):
            _add_band(match, band, mentions, votes)
    return named


def _add_band(
    match: re.Match,
    band: dict[str, bool] | None,
    mentions: list[_Mention],
    votes: dict[str, set[bool]],
) -> None:
    """Votes of a band with a name; "<0> trio" is one where the mention is a piano."""
    if band is None:
        if mentions[_numbers(match[0])[0]].stem != "piano":
            return
        band = {"bass": True, "drums": True, "guitar": False, "piano": True}
    for stem, plays in band.items():
        votes[stem].add(plays)


def _denied(
    text: str, mentions: list[_Mention], votes: dict[str, set[bool]], settled: set[int]
) -> None:
    """Votes of "no drums", "without bass or guitar", "leave the piano out"."""
    for match in (*_OFF.finditer(text), *_DENY.finditer(text)):
        numbers, sure = _which(match["list"])
        if match.re is _OFF:
            numbers = sure = set(_numbers(match["list"]))
        kept = _KEPT.search(text[: match.start()]) or _PARTLY.match(text[match.end() :])
        for number in numbers:
            mention = mentions[number]
            if number in settled:
                continue
            settled.add(number)
            if number in sure and mention.plain and not kept:
                votes[mention.stem].add(False)


def _which(words: str) -> tuple[list[int], set[int]]:
    """The mentions of a denied list, and those that are surely meant.

    After "no a, b" only the first is denied and b stands alone; "no a, b and c" may mean either.
    """
    parts = re.split(r" ?(,? ?(?:and|or|nor|&|\+)|,) ", words)
    numbers, joints = _numbers(words), [joint.strip(" ,+") for joint in parts[1::2]]
    explicit = {
        n for n, part in zip(numbers, parts[::2], strict=False) if re.match(r"no|with", part)
    }
    if {"or", "nor"} & set(joints) or (joints and "" not in joints):
        return numbers, set(numbers)
    sure = {numbers[0]} | explicit
    return (numbers if joints and joints[-1] else sorted(sure)), sure


def _named(text: str, mentions: list[_Mention], settled: set[int]) -> set[int]:
    """Mentions that simply say that an instrument plays."""
    named = set()
    for match in re.finditer(_X, text):
        number = int(match[0][1:-1])
        before, after = text[: match.start()], text[match.end() :]
        open_ = _OPEN_BEFORE.search(before) or _OPEN_AFTER.match(after)
        if number not in settled and not open_ and not _DENIED_BEFORE.search(before):
            named.add(number)
    return named
