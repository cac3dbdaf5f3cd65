"""Bars for the players' tests."""

from data.band.bar import METERS, Bar


def bar_of(
    *chords: str,
    meter: str = "4/4",
    section: str = "verse",
    place: int = 0,
    next_chord: str = "C",
    last: bool = False,
    ending: bool = False,
) -> Bar:
    """A bar with one chord, or with one per beat."""
    beats = METERS[meter].beats
    names = chords if len(chords) == beats else chords * beats
    return Bar(
        number=place,
        place=place,
        meter=METERS[meter],
        chords=names,
        next_chord=next_chord,
        section=section,
        intensity=0.6,
        first=place == 0,
        last=last,
        ending=ending,
        stems=frozenset(("bass", "drums", "guitar", "piano")),
    )
