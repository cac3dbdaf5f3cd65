"""What is in a recording: tempo, beats, key, chords, loudness, who plays when, and the notes.

python -m models.preprocessing.features song.mp3
python -m models.preprocessing.features outputs/my-song

`extract_features(audio, sample_rate)` does the same with arrays. Beats, harmony and strokes are
heard by `data.listening`, the notes of stems by the model's transcriber. What it does not know: who
plays in a mix, and its notes; both say so.
"""

from models.preprocessing.features.extract import extract_features, read_features
from models.preprocessing.features.record import Chord, Features, Span

__all__ = ("Chord", "Features", "Span", "extract_features", "read_features")
