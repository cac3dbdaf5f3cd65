"""Source separation: a mixture to bass, drums, guitar and piano that sum to it.

python -m models.preprocessing.separation song.mp3

`separate(mixture, sample_rate)` does the same with arrays. What it does not know: instruments of
other kinds, which it gives to whichever stem they resemble, and voices.
"""

from models.preprocessing.separation.network import Separator, load_separator, save_separator
from models.preprocessing.separation.whole import (
    WEIGHTS,
    released_separator,
    separate,
    separate_file,
)

__all__ = (
    "WEIGHTS",
    "Separator",
    "load_separator",
    "released_separator",
    "save_separator",
    "separate",
    "separate_file",
)
