"""TinySoundFont driven note by note: tracks to mono audio, every event on its sample.

What is honoured: program, velocity, volume, expression, pitch bend and its range; the sustain pedal
is already in the notes' offsets (`data.midi`). Panning is not: a stem is mono, rendered as such,
and the place of a track in the room is the mixing's business. No reverb, no chorus.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from data.midi import (
    DEFAULT_PROGRAMS,
    DEFAULT_VOLUME,
    EXPRESSION,
    VOLUME,
    MidiTrack,
    channel_gain,
)
from data.smf import PITCH_BEND
from utils import UserError

DRUM_BANK = 128
PREROLL_SECONDS = 1.0
MAX_VOICES = 256
CONTROL_GRID_SAMPLES = 64
DRUM_HOLD_SECONDS = 0.2
_CHANNELS = 16
_OFF, _CONTROL, _ON = 0, 1, 2


def default_soundfont() -> Path:
    """The SoundFont that comes with pretty_midi (TimGM6mb, 6 MB, all General MIDI programs)."""
    from importlib.util import find_spec

    spec = find_spec("pretty_midi")
    path = Path(spec.origin).with_name("TimGM6mb.sf2") if spec and spec.origin else None
    if path is None or not path.exists():
        raise UserError("no SoundFont: install pretty_midi, or name one with --soundfont file.sf2")
    return path


class Renderer:
    """One loaded SoundFont at one sample rate; every render starts from the same clean state."""

    def __init__(self, soundfont: str | Path, sample_rate: int) -> None:
        try:
            import tinysoundfont
            from tinysoundfont._tinysoundfont import OutputMode
        except ImportError:
            raise UserError(
                "rendering MIDI needs TinySoundFont: pip install --no-deps tinysoundfont==0.3.7"
            ) from None
        synth = tinysoundfont.Synth(samplerate=sample_rate)
        try:
            loaded = synth.sfload(str(soundfont), max_voices=MAX_VOICES)
        except Exception as error:
            raise UserError(f"cannot load the SoundFont {soundfont}: {error}") from None
        self.sample_rate = sample_rate
        self.font = synth.soundfonts[loaded]
        self.font.set_output(OutputMode.Mono, sample_rate, 0.0)

    def has(self, bank: int, program: int) -> bool:
        return self.font.get_preset_index(bank, program) >= 0

    def render(self, tracks: Sequence[MidiTrack], start: float, num_samples: int) -> np.ndarray:
        """Mono audio (t,) of some tracks from `start` seconds on, tracks summed."""
        audio = np.zeros(num_samples, np.float32)
        for first in range(0, len(tracks), _CHANNELS):
            audio += self._pass(tracks[first : first + _CHANNELS], start, num_samples)
        return audio

    def _pass(self, tracks: Sequence[MidiTrack], start: float, num_samples: int) -> np.ndarray:
        """At most 16 tracks, one synthesizer channel each."""
        preroll = min(start, PREROLL_SECONDS)
        skip = round(preroll * self.sample_rate)
        total = skip + num_samples
        self._silence()
        events = []
        for channel, track in enumerate(tracks):
            self._set_up(channel, track)
            events.append(self._events(channel, track, start - preroll, total))
        return self._play(np.concatenate(events), total)[skip:]

    def _silence(self) -> None:
        """Stops every voice, and lets their fast release run out unheard."""
        for channel in range(_CHANNELS):
            self.font.channel_sounds_off(channel)
        self.font.render(memoryview(bytearray(4 * (self.sample_rate // 40))), False)
        self.font.reset()

    def _set_up(self, channel: int, track: MidiTrack) -> None:
        drums = track.stem == "drums"
        font, bank = self.font, DRUM_BANK if drums else 0
        program = track.program if self.has(bank, track.program) else None
        if program is None:
            program = DEFAULT_PROGRAMS[track.stem]
        font.channel_set_bank(channel, bank)
        font.channel_set_preset_number(channel, program, drums)
        font.channel_set_pitch_range(channel, 2.0)
        font.channel_set_pitch_wheel(channel, 8192)
        font.channel_set_volume(channel, channel_gain(DEFAULT_VOLUME, 127))

    def _events(self, channel: int, track: MidiTrack, start: float, total: int) -> np.ndarray:
        """int64 (n, 5): sample, order, channel, number, value; sounding notes restart."""
        rate, notes = self.sample_rate, track.notes
        hold = notes.onset + DRUM_HOLD_SECONDS if track.stem == "drums" else notes.onset
        off = np.ceil((np.maximum(notes.offset, hold) - start) * rate).astype(np.int64)
        on = np.round((notes.onset - start) * rate).astype(np.int64)
        keep = (off > 0) & (on < total)
        if track.stem == "drums":
            keep &= on >= 0
        on, off = np.maximum(on[keep], 0), off[keep]
        pitch, velocity = notes.pitch[keep].astype(np.int64), notes.velocity[keep].astype(np.int64)
        fill = np.full_like(on, channel)
        ons = np.stack([on, np.full_like(on, _ON), fill, pitch, velocity], 1)
        offs = np.stack([off, np.full_like(on, _OFF), fill, pitch, velocity], 1)
        return np.concatenate([ons, offs, self._controls(channel, track, start, total)])

    def _controls(self, channel: int, track: MidiTrack, start: float, total: int) -> np.ndarray:
        """Controllers on a grid of 64 samples, the last of each per step; before 0 the state."""
        step = CONTROL_GRID_SAMPLES
        grid = np.floor((track.control_time - start) * self.sample_rate / step).astype(np.int64)
        sample = np.maximum(grid, 0) * step
        number = track.control_number.astype(np.int64)
        keep = sample < total
        plain = np.isin(number, (VOLUME, EXPRESSION, PITCH_BEND))
        code = sample * 256 + number
        last = np.zeros(len(code), bool)
        last[len(code) - 1 - np.unique(code[::-1], return_index=True)[1]] = True
        keep &= last | ~plain
        columns = [sample, np.full_like(sample, _CONTROL), np.full_like(sample, channel)]
        return np.stack([*columns, number, track.control_value.astype(np.int64)], 1)[keep]

    def _play(self, events: np.ndarray, total: int) -> np.ndarray:
        """Sends events in order of (sample, off < control < on) and renders what lies between."""
        order = np.lexsort((events[:, 1], events[:, 0]))
        audio = np.zeros(total, np.float32)
        buffer, font, now = memoryview(audio).cast("B"), self.font, 0
        volume, expression = [DEFAULT_VOLUME] * _CHANNELS, [127] * _CHANNELS
        for sample, kind, channel, number, value in events[order].tolist():
            if sample >= total:
                break
            if sample > now:
                font.render(buffer[4 * now : 4 * sample], False)
                now = sample
            if kind == _ON:
                font.channel_note_on(channel, number, value / 127.0)
            elif kind == _OFF:
                font.channel_note_off(channel, number)
            elif number == PITCH_BEND:
                font.channel_set_pitch_wheel(channel, value + 8192)
            elif number in (VOLUME, EXPRESSION):
                (volume if number == VOLUME else expression)[channel] = value
                gain = channel_gain(volume[channel], expression[channel])
                font.channel_set_volume(channel, gain)
            else:
                font.channel_midi_control(channel, number, value)
        if total > now:
            font.render(buffer[4 * now :], False)
        return audio


@lru_cache(maxsize=4)
def renderer(soundfont: str, sample_rate: int) -> Renderer:
    """The renderer of a SoundFont, loaded once per process."""
    return Renderer(soundfont, sample_rate)
