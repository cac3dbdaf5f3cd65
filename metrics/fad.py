"""Frechet audio distance with CLAP, as papers print it, for those who have its weights.

    python -m metrics.fad --clap my_weights/larger_clap_music --ours outputs/samples \
        --reference data/slakh2100/validation

300 segments of 10.24 s of mixed music on either side, heard at 16 kHz (the protocol of MGE-LDM,
arXiv 2505.23305); the embeddings are those of `transformers.ClapModel` from a local folder. Values
compare only with values of the same embedding, reference and protocol; VGGish, which older papers
use, has no implementation among this project's libraries. `metrics.spectrum`, which needs no
weights, is another distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.spectrum import frechet_distance
from utils import STEMS, Parser, UserError, counter_rng, run_script

if TYPE_CHECKING:
    import torch

PROTOCOL_RATE = 16_000
CLAP_RATE = 48_000
SEGMENT_SECONDS = 10.24
NUM_SEGMENTS = 300
BATCH = 8
WHAT_TO_GET = (
    "get a CLAP model in transformers' format, such as laion/larger_clap_music (config.json, "
    "preprocessor_config.json, model.safetensors), and pass its folder"
)


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m metrics.fad", description=__doc__)
    add = parser.add_argument
    add("--clap", required=True, metavar="DIR", help="folder of CLAP weights")
    add("--ours", required=True, metavar="DIR", help="folder of songs: mixes, or folders of stems")
    add("--reference", required=True, metavar="DIR", help="folder of real songs")
    add("--segments", type=int, default=NUM_SEGMENTS, help="segments a side (default 300)")
    return parser


def mixes(folder: Path) -> list[list[Path]]:
    """Files of each song: a folder's `mix`, else its stems, which are summed, else single files.

    Raises:
        UserError: no audio in it.
    """
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".wav", ".flac", ".ogg"))
    songs: dict[Path, list[Path]] = {}
    for path in files:
        of_a_band = path.stem in (*STEMS, "mix")
        songs.setdefault(path.parent if of_a_band else path, []).append(path)
    if not songs:
        raise UserError(f"no .wav, .flac or .ogg in '{folder}': pass a folder of songs")
    whole = lambda parts: [p for p in parts if p.stem == "mix"] or parts
    return [whole(parts) for parts in songs.values()]


def segments(folder: Path, count: int) -> Iterator[np.ndarray]:
    """`count` segments (t,) of 10.24 s at 16 kHz, songs in turn, each from a place of its own.

    Raises:
        UserError: no song is that long.
    """
    from data.audio import load_audio

    size, songs, given = int(SEGMENT_SECONDS * PROTOCOL_RATE), mixes(folder), 0
    for turn in range(count):
        before = given
        for number, parts in enumerate(songs):
            if given == count:
                return
            stems = [load_audio(path, sample_rate=PROTOCOL_RATE) for path in parts]
            audio = sum(stem[: min(map(len, stems))] for stem in stems)
            if len(audio) >= size:
                start = int(counter_rng(0, number, turn).integers(len(audio) - size + 1))
                yield audio[start : start + size]
                given += 1
        if given == before:
            raise UserError(f"no song in '{folder}' lasts {SEGMENT_SECONDS} s")


class ClapListener:
    """CLAP's audio embedding from a local folder.

    Raises:
        UserError: the folder does not hold such a model.
    """

    def __init__(self, folder: str | Path) -> None:
        from transformers import ClapFeatureExtractor, ClapModel

        if not (Path(folder) / "config.json").is_file():
            raise UserError(f"no CLAP weights in '{folder}': {WHAT_TO_GET}")
        try:
            self.extract = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
            self.model = ClapModel.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            line = str(error).splitlines()[0]
            raise UserError(f"'{folder}' is not CLAP ({line}): {WHAT_TO_GET}") from None

    def embed(self, audio: Sequence[np.ndarray]) -> np.ndarray:
        """Embeddings (n, d) of segments at 16 kHz, of which CLAP hears the first ten seconds."""
        import soxr
        import torch

        rows = []
        for first in range(0, len(audio), BATCH):
            part = [
                soxr.resample(a, PROTOCOL_RATE, CLAP_RATE) for a in audio[first : first + BATCH]
            ]
            heard = self.extract(part, sampling_rate=CLAP_RATE, return_tensors="pt")
            with torch.no_grad():
                rows.append(_plain(self.model.get_audio_features(**heard)).numpy())
        return np.concatenate(rows).astype(np.float64)


def _plain(features: object) -> torch.Tensor:
    """The embedding (n, d), whichever way this version of transformers returns it."""
    return getattr(features, "pooler_output", features)


def main() -> None:
    """Prints the distance and what it was made of."""
    args = build_parser().parse()
    if args.segments < 2:
        raise UserError(f"--segments is {args.segments}; it must be at least 2")
    listener = ClapListener(args.clap)
    ours, reference = (
        listener.embed(list(segments(Path(folder), args.segments)))
        for folder in (args.ours, args.reference)
    )
    distance = frechet_distance(ours, reference)
    print(f"FAD, CLAP {Path(args.clap).name}: {distance:.4f}")
    print(f"{args.segments} segments of {SEGMENT_SECONDS} s at 16 kHz, reference {args.reference}")


if __name__ == "__main__":
    run_script(main)
