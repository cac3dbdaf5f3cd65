"""Tracks as Slakh2100 publishes them, made small: tones, their MIDI and the metadata's oddities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.audio import save_audio
from data.midi import write_midi
from data.score import Notes, Score
from tests.data.songs import tone
from utils import STEMS

RATE = 44_100
STEM_OF = {0: "piano", 30: "guitar", 33: "bass", 128: "drums"}


@dataclass(frozen=True)
class Published:
    """One source: program (128 drums), pitch in Hz (0 silent, None no file), whether it has
    MIDI.
    """

    program: int
    hertz: float | None = 220.0
    gain: float = 0.1
    midi: bool = True
    seconds: float = 2.0


def publish(folder: Path, sources: dict[str, Published]) -> Path:
    """Writes a track folder; sources outside the four families are written with a piano's MIDI."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "UUID: 1a81ae092884234f3264e2f45927f00a",
        "audio_dir: /somewhere/else/Track00616/stems",
        "midi_dir: Track00616/MIDI",
        "normalization_factor: -13.0",
        "overall_gain: 0.18",
        "stems:",
    ]
    for name, source in sources.items():
        lines += [f"  {name}:", "    audio_rendered: false", "    inst_class: Organ"]
        lines += [f"    is_drum: {str(source.program == 128).lower()}", "    plugin_name: None"]
        lines += [f"    program_num: {source.program}"]
        if source.hertz is not None:
            audio = tone(source.seconds, hertz=source.hertz, rate=RATE, gain=source.gain)
            save_audio(folder / "stems" / f"{name}.flac", audio, RATE, "PCM_16")
        if source.midi:
            write_midi(score_of(source.program), folder / "MIDI" / f"{name}.mid")
    (folder / "metadata.yaml").write_text("\n".join([*lines, "target_peak: -1.0"]) + "\n")
    return folder


def score_of(program: int) -> Score:
    """Two notes at 0.5 s and 1 s, 120 bpm in four; the pitch tells the program."""
    stem = STEM_OF.get(program, "piano")
    notes = dict.fromkeys(STEMS, Notes.empty())
    pitch = 36 if stem == "drums" else 40 + program % 24
    notes[stem] = Notes.of([0.5, 1.0], [0.75, 1.25], [pitch, pitch], [90, 100])
    return Score(notes, 1.5, np.arange(4) * 0.5, np.arange(4) % 4, {stem: program})


BAND = {
    "S00": Published(33, 110.0),
    "S02": Published(128, 880.0),
    "S03": Published(30, 330.0),
    "S05": Published(0, 440.0),
    "S10": Published(50, 550.0),
}
