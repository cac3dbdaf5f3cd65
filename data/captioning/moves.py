"""Words for what the players do, as musicians say it; `feel` hears when it is true."""

from __future__ import annotations

from data.captioning.wording import Wording, wording

MOVES: dict[str, Wording] = {
    "walking bass": wording(
        details="with a walking bass | over a walking bass line | with a bass that walks",
        clauses="let the bass walk | the bass walks in quarters",
        tags="walking bass | walking bass line",
    ),
    "two-beat bass": wording(
        details="with a two-beat bass | with an oom-pah bass | with a bass on one and three",
        clauses="the bass plays on one and three",
        tags="two-beat bass | two-feel",
    ),
    "eighth-note bass": wording(
        details="with a driving eighth-note bass | over steady eighths in the bass",
        clauses="the bass plays steady eighths",
        tags="eighth-note bass | steady eighths in the bass",
    ),
    "four on the floor": wording(
        adjectives="four-on-the-floor",
        details="""with four on the floor | over a four-on-the-floor kick
            with a kick on every beat""",
        clauses="kick drum on every beat | keep the kick on all four",
        tags="four on the floor | four-to-the-floor | kick on every beat",
    ),
    "backbeat": wording(
        details="with a solid backbeat | with a snare on two and four | over a backbeat",
        clauses="snare on two and four | give it a backbeat",
        tags="backbeat | snare on two and four",
    ),
    "ride": wording(
        details="with a ride cymbal | over a ride pattern",
        clauses="keep time on the ride",
        tags="ride cymbal | ride pattern",
    ),
    "hi-hats": wording(
        details="with steady hi-hats | over ticking hi-hats",
        clauses="keep time on the hi-hat",
        tags="hi-hats | hi-hat groove",
    ),
    "hand drums": wording(
        details="with congas and bongos | with hand drums",
        clauses="add some hand drums",
        tags="hand drums | congas",
    ),
    "tambourine": wording("", "with a tambourine", "shake the tambourine", "tambourine"),
    "cowbell": wording("", "with a cowbell", "more cowbell", "cowbell"),
    "rim clicks": wording("", "with rim clicks on the snare", "", "rim clicks"),
    "sixteenths": wording(
        adjectives="syncopated | sixteenth-note",
        details="with a sixteenth-note feel | with syncopated sixteenths",
        clauses="syncopate the sixteenths",
        tags="sixteenth-note feel | syncopation | sixteenths",
    ),
    "offbeat chords": wording(
        details="with offbeat chords | with a skank on the off-beats",
        clauses="put the chords on the off-beats",
        tags="offbeat chords | skank | off-beat skank",
    ),
    "piano comping": wording(
        details="with comping piano | with the piano comping",
        clauses="the piano comps behind the band",
        tags="comping | piano comping",
    ),
    "guitar comping": wording(
        details="with comping guitar | with the guitar comping",
        clauses="the guitar comps behind the band",
        tags="comping | guitar comping",
    ),
    "piano chords": wording(
        details="with piano chords | with block chords on the piano",
        clauses="the piano lays down the chords",
        tags="piano chords",
    ),
    "guitar chords": wording(
        details="with chords on the guitar | with a rhythm guitar | with guitar chords",
        clauses="the guitar holds down the chords",
        tags="guitar chords | rhythm guitar",
    ),
    "piano line": wording(
        details="with a single-note piano line | with single notes on the piano",
        clauses="one note at a time on the piano",
        tags="piano line | single-note piano",
    ),
    "guitar line": wording(
        details="with a single-note guitar line | with single notes on the guitar",
        clauses="one note at a time on the guitar",
        tags="guitar line | single-note guitar",
    ),
}
