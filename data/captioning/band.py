"""Words for who plays, on what, and who does not."""

from __future__ import annotations

from data.captioning.wording import Wording, listed, wording

PLAYED: dict[str, tuple[str, ...]] = {
    "bass": listed("bass | bass line | bass guitar | a bass player"),
    "drums": listed("drums | drum kit | a drummer | drum set | a drum beat"),
    "guitar": listed("guitar | guitars | a guitar | guitar parts | a guitar player"),
    "piano": listed("piano | keys | keyboards | a keyboard | a piano part | a piano player"),
}
SHORT: dict[str, tuple[str, ...]] = {
    "bass": listed("bass | bass guitar"),
    "drums": listed("drums | drum kit"),
    "guitar": listed("guitar | guitars"),
    "piano": listed("piano | keys | keyboards"),
}
# General MIDI program -> names of the instrument
PROGRAMS: dict[int, tuple[str, ...]] = {
    0: listed("grand piano | acoustic piano | concert grand"),
    1: listed("bright piano | acoustic piano | bright acoustic piano"),
    2: listed("electric grand piano | electric grand"),
    3: listed("honky-tonk piano | detuned piano | out-of-tune piano"),
    4: listed("electric piano | Rhodes | Rhodes piano | tine piano"),
    5: listed("electric piano | FM electric piano | DX7 piano | digital electric piano"),
    6: listed("harpsichord | baroque keyboard"),
    7: listed("clavinet | funky clavinet | clav"),
    24: listed("nylon-string guitar | classical guitar | nylon guitar"),
    25: listed("steel-string guitar | acoustic guitar | western guitar"),
    26: listed("jazz guitar | mellow electric guitar | hollow-body guitar"),
    27: listed("clean electric guitar | clean guitar | clean-toned guitar"),
    28: listed("muted guitar | palm-muted guitar | damped guitar"),
    29: listed("overdriven guitar | crunchy guitar | guitar with overdrive"),
    30: listed("distorted guitar | heavy guitar | guitar with distortion"),
    31: listed("guitar harmonics | flageolet guitar"),
    32: listed("upright bass | acoustic bass | double bass"),
    33: listed("fingered bass | electric bass | finger-style bass"),
    34: listed("picked bass | electric bass | bass played with a pick"),
    35: listed("fretless bass | fretless electric bass"),
    36: listed("slap bass | slapped bass"),
    37: listed("slap bass | slapped bass | popping slap bass"),
    38: listed("synth bass | synthesizer bass | synthesised bass"),
    39: listed("synth bass | synthesizer bass | electronic bass"),
}
SPARSE_PART = listed("sparse | simple | minimal | occasional | economical")
BUSY_PART = listed("busy | dense | rolling | restless | nonstop")
# strokes per second of a stem that count as sparse and as busy: the outer fifths of real songs
PART_EDGES = {"bass": (1.1, 3.1), "drums": (2.6, 6.0), "guitar": (0.8, 4.0), "piano": (0.7, 3.2)}

WITH = listed("with | with | featuring | including | built around")
ON = listed("for | played on | on")  # instruments, not people
HEARD_CLAUSES = listed(
    """let me hear {} | I want to hear {} | there should be {} | put in {} | use {} | bring in {}
    it should have {} | add {} | we have {} | I need {} in it"""
)
ABSENT_DETAILS = listed(
    """without {} | with no {} | minus the {} | sans {} | but no {} | without any {}
    lacking {} | that leaves out the {} | but without the {}"""
)
ABSENT_TAGS = listed("no {} | without {} | zero {} | minus {} | {} off")
ABSENT_CLAUSES = listed(
    """leave out the {} | no {}, please | skip the {} | keep the {} out of it | do without the {}
    I want no {} | mute the {} | nothing from the {} | drop the {} | I do not want any {}
    please do not use {} | there should be no {} | {} tacet | the {} must not play
    I don't need {} | omit the {} | no {} at all | remove the {} | not a single note of {}
    cut the {} | I'd rather not hear {}"""
)
ALONE_THINGS = listed("solo {} | unaccompanied {} | just {} | only {} | nothing but {}")
ALONE_DETAILS = listed(
    """for {} alone | with {} only | with nothing but {} | for solo {} | on {} alone
    with just {}"""
)
ALONE_CLAUSES = listed(
    """only {}, nothing else | just {}, nobody else | {} and nothing else
    everyone rests but the {}"""
)
ONLY_DETAILS = listed(
    """with just {} | with only {} | with nothing but {} | for {} only | with {} and nobody else"""
)
ONLY_CLAUSES = listed("only {} | just {} | nothing but {} | {} and that's all | nobody but {}")
DUOS = listed("as a duo | for a duo | as a duet | for two players")
TRIOS = listed("as a trio | for a trio | for three players")
NAMED_TRIOS: dict[frozenset[str], tuple[str, ...]] = {
    frozenset({"bass", "drums", "piano"}): listed("as a piano trio | for piano trio"),
    frozenset({"bass", "drums", "guitar"}): listed("as a guitar trio | for guitar trio"),
}
FULL_BAND: Wording = wording(
    adjectives="full-band | four-piece",
    details="with a full band | for a quartet | with the whole band | with everybody playing",
    clauses="everyone plays | I want the whole band | all four of them play",
    tags="full band | quartet | whole band",
)
