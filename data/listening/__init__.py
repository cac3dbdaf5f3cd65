"""What a musician hears in audio without notes: beats, bars, chords, key, density, loudness.

`listen(audio)` gives a `Heard`, whose `labels()` and `sheet()` are those of `data.labels` and
`data.lead_sheet`. NumPy and SciPy only. `python -m data.listening song.wav` prints what is heard,
`--check` measures it against songs whose truth is known.
"""

from data.listening.heard import Heard, listen

__all__ = ("Heard", "listen")
