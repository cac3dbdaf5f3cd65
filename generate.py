"""Makes songs: four stems, their mix, their MIDI and their lead sheet, one folder per song.

python generate.py --text "slow jazz trio, walking bass" --duration 20
python generate.py --bpm 92 --chords "Am F C G" --without drums
python generate.py --given drums=drums.wav --generate bass piano
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from models.finishing import add_finish_flags, finish_of
from models.options import (
    add_label_flags,
    add_machine_flags,
    add_sampling_flags,
    add_voice_flag,
    generate_options,
    load_model,
    number,
    spoken,
)
from utils import STEMS, Parser, UserError, did_you_mean, run_script

SAMPLERS = ("ancestral", "euler", "midpoint", "heun")
PROGRAMS = {"bass": (32, 39), "guitar": (24, 31), "piano": (0, 7)}


def stem_value(text: str) -> tuple[str, str]:
    """A flag's type: stem=value."""
    stem, equals, value = text.partition("=")
    if stem not in STEMS:
        raise argparse.ArgumentTypeError(f"no stem '{stem}': {did_you_mean(stem, STEMS)}")
    if not equals or not value:
        raise argparse.ArgumentTypeError(f"expected {stem}=VALUE, got '{text}'")
    return stem, value


def program(text: str) -> tuple[str, int]:
    """A flag's type: stem=General MIDI program of that stem's family, counted from 0."""
    stem, value = stem_value(text)
    if stem not in PROGRAMS:
        raise argparse.ArgumentTypeError("drums have no program: leave them out")
    return stem, number(*PROGRAMS[stem], int)(value)


def density(text: str) -> tuple[str, float]:
    """A flag's type: stem=onsets per second."""
    stem, value = stem_value(text)
    return stem, number(0, 100)(value)


def time_range(text: str) -> tuple[float, float]:
    """A flag's type: start:end in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", text.strip())
    if not match or float(match[1]) >= float(match[2]):
        raise argparse.ArgumentTypeError(f"'{text}' is not START:END in seconds, such as 4.0:8.0")
    return float(match[1]), float(match[2])


def build_parser() -> Parser:
    """The flags of generate.py."""
    parser = Parser(
        prog="generate.py",
        description=__doc__,
    )
    _add_prompt(parser.add_argument_group("what it should be like"))
    add_label_flags(parser)
    _add_plan(parser.add_argument_group("lead sheet (what is not given is planned)"))
    _add_band(parser.add_argument_group("band"))
    _add_given(parser.add_argument_group("given music"))
    add_sampling_flags(parser)
    _add_more_sampling(parser.add_argument_group("sampling, further"))
    add_machine_flags(parser)
    _add_output(parser.add_argument_group("output"))
    add_finish_flags(parser.add_argument_group("mix and room (44,100 Hz, 24 bit)"))
    return parser


def _add_prompt(group: Any) -> None:
    group.add_argument(
        "--text", action="append", metavar="WORDS", help="prompt; repeat it for several songs"
    )
    group.add_argument(
        "--negative_text",
        metavar="WORDS",
        help="what it should be unlike (acts with guidance above 1)",
    )
    group.add_argument("--audio", metavar="FILE", help="a recording to sound like")
    group.add_argument(
        "--image",
        metavar="FILE",
        help="a picture (png, jpg, gif ...) or a video whose mood to take",
    )
    add = group.add_argument
    add("--valence", type=number(-1, 1), metavar="X", help="mood: -1 dark to 1 bright")
    add("--arousal", type=number(-1, 1), metavar="X", help="mood: -1 still to 1 excited")
    add(
        "--emotion_strength",
        type=number(0, 2),
        metavar="X",
        help="how far a mood bends tempo, mode, dynamics (default 1)",
    )


def _add_plan(group: Any) -> None:
    add = group.add_argument
    add("--bpm", type=number(20, 400), metavar="X", help="tempo, beats per minute")
    add("--key", metavar="NAME", help="key: 'A minor', 'F#', 'Bbm'")
    add("--chords", metavar="NAMES", help="a chord per bar, repeated: 'Am F C G', 'Am | F C | G'")
    add("--beats_per_bar", type=number(1, 12, int), metavar="N", help="meter")
    add("--lead_sheet", metavar="FILE", help="lead_sheet.json, whole or in part")
    add(
        "--temperature",
        type=number(0, 10),
        metavar="X",
        help="of the planner: 0 takes the likeliest sheet (default 1)",
    )


def _add_band(group: Any) -> None:
    add = group.add_argument
    ranges = ", ".join(f"{stem} {low}-{high}" for stem, (low, high) in PROGRAMS.items())
    add(
        "--programs",
        type=program,
        nargs="+",
        metavar="STEM=N",
        help=f"General MIDI instruments, counted from 0: {ranges}",
    )
    add("--plays", choices=STEMS, nargs="+", metavar="STEM", help="stems that must play")
    add("--without", choices=STEMS, nargs="+", metavar="STEM", help="stems that stay silent")
    add("--density", type=density, nargs="+", metavar="STEM=X", help="onsets per second of a stem")
    add("--dynamics", type=number(0, 1), metavar="X", help="mean velocity of notes, 0 to 1")
    add("--swing", type=number(0.5, 0.75), metavar="X", help="share of the long eighth")
    add("--register", type=number(21, 108), metavar="X", help="mean pitch of guitar and piano")
    add("--loudness", type=number(-60, 0), metavar="X", help="of the mix, LUFS")
    add(
        "--brightness",
        type=number(-5, 3.5),
        metavar="X",
        help="octaves over 1 kHz of the mix's centroid",
    )


def _add_given(group: Any) -> None:
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--given",
        type=stem_value,
        nargs="+",
        metavar="STEM=FILE",
        help="stems to accompany; they come back unchanged",
    )
    one.add_argument(
        "--continue_from",
        metavar="SONG",
        help="a song folder, or a mix, to go on from; --duration is what is added",
    )
    one.add_argument(
        "--song", metavar="SONG", help="a song folder, or a mix, for --inpaint or --variation"
    )
    one.add_argument("--perform", metavar="FILE", help="a MIDI file to perform")
    one.add_argument(
        "--transcribe", metavar="SONG", help="a song folder, or a mix, whose notes to write down"
    )
    add = group.add_argument
    add(
        "--generate",
        choices=STEMS,
        nargs="+",
        metavar="STEM",
        help="with --given: the stems to add; others stay silent (default: all others)",
    )
    add("--inpaint", type=time_range, metavar="A:B", help="seconds of --song to make anew")
    add(
        "--variation",
        type=number(0, 1),
        metavar="X",
        help="how far to depart from --song, 0 (it) to 1 (anew)",
    )


def _add_more_sampling(group: Any) -> None:
    add = group.add_argument
    add(
        "--sampler",
        choices=SAMPLERS,
        help="how the flows are walked (default ancestral: the score with fresh noise at every "
        "step); midpoint and heun take two calls a step",
    )
    add(
        "--sound_steps",
        type=number(1, 1_000, int),
        metavar="N",
        help="steps of the sound's flow (default 8)",
    )
    add(
        "--sound_guidance",
        type=number(0, 100),
        metavar="W",
        help="how firmly the sound keeps to its notes, 1 for no stress (default 1.5)",
    )
    add(
        "--num_samples",
        type=number(1, 10_000, int),
        default=1,
        metavar="N",
        help="songs per prompt (default 1)",
    )


def _add_output(group: Any) -> None:
    add = group.add_argument
    add(
        "--output_dir",
        default="outputs",
        metavar="DIR",
        help="one folder per song (default outputs)",
    )
    add("--format", choices=("wav", "flac"), default="wav", help="24-bit files (default wav)")
    add_voice_flag(group)


def check(args: argparse.Namespace) -> None:
    """Refuses flags that contradict or miss one another, before anything is loaded.

    Raises:
        UserError: with the flag to add or to leave out.
    """
    if args.generate and not args.given:
        raise UserError("--generate names the stems to add to --given: add --given STEM=FILE")
    if (args.inpaint or args.variation is not None) and not args.song:
        raise UserError("--inpaint and --variation need the song they change: add --song FOLDER")
    if args.song and not args.inpaint and args.variation is None:
        raise UserError("--song needs what to do with it: add --inpaint A:B or --variation X")
    if args.inpaint and args.variation is not None:
        raise UserError("--inpaint and --variation exclude each other: leave one out")
    if (args.perform or args.transcribe or args.song) and args.duration:
        raise UserError("the given song sets the length: leave --duration out")
    given = {stem for stem, _ in args.given or ()}
    for flag in ("generate", "without"):
        both = given & set(getattr(args, flag) or ())
        if both:
            raise UserError(f"the {both.pop()} is given: leave it out of --{flag}")
    if both := set(args.plays or ()) & set(args.without or ()):
        raise UserError(f"the {both.pop()} is in both --plays and --without: leave one out")
    if Path(args.output_dir).is_file():
        raise UserError(f"--output_dir '{args.output_dir}' is a file: choose a folder")


def plan_options(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `generate` for the lead sheet; names are checked before anything slow begins."""
    from data.chords import parse_key, parse_progression
    from data.lead_sheet import LeadSheet

    options = spoken(args, "bpm", "key", "chords", "beats_per_bar", "temperature")
    if args.key is not None:
        parse_key(args.key)
    if args.chords is not None:
        parse_progression(args.chords, args.beats_per_bar or 4)
    if args.lead_sheet is not None:
        options["lead_sheet"] = LeadSheet.from_json(args.lead_sheet)
    return options


def band_options(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `generate` for instruments, who plays and how."""
    options = spoken(args, "dynamics", "swing", "register", "loudness", "brightness")
    options |= spoken(args, "valence", "arousal", "emotion_strength")
    options |= {name: dict(pairs) for name, pairs in spoken(args, "programs", "density").items()}
    silent = set(args.without or ())
    if args.generate:
        silent |= set(STEMS) - {stem for stem, _ in args.given} - set(args.generate)
    plays = dict.fromkeys(args.plays or (), True) | dict.fromkeys(sorted(silent), False)
    return options | ({"plays": plays} if plays else {})


def write_songs(args: argparse.Namespace) -> None:
    """Loads, generates batch after batch and writes one folder per song."""
    finish = finish_of(args)
    options = generate_options(args) | plan_options(args) | band_options(args)
    options |= spoken(args, "negative_text", "sampler", "sound_steps", "sound_guidance")
    from models.given_music import given_options
    from models.song_folder import described, new_folder

    options |= given_options(args)
    model = load_model(args)
    prompts = [text for text in args.text or [None] for _ in range(args.num_samples)]
    for first in range(0, len(prompts), args.batch_size):
        texts = prompts[first : first + args.batch_size]
        seeds = [args.seed + first + i for i in range(len(texts))]
        said = {"text": texts} if args.text else {}
        songs = model.generate(**said, batch_size=len(texts), seed=seeds, **options)
        songs.settings["checkpoint"] = args.checkpoint or "release"
        for index, (text, seed) in enumerate(zip(texts, seeds, strict=True)):
            folder = new_folder(Path(args.output_dir), text, seed)
            saved = {"audio_format": args.format, "voice": args.voice, "finish": finish}
            songs.save(folder, index=index, **saved)
            print(described(folder, songs, index))


def main() -> None:
    """Parses and checks, then loads what takes long."""
    args = build_parser().parse()
    check(args)
    write_songs(args)


if __name__ == "__main__":
    run_script(main)
