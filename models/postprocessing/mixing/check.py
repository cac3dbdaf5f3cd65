"""How much of a damaged mix does the mixer put right?

python -m models.postprocessing.mixing.check --data_dir my_midi --num_songs 24

Stems at the levels of the data are the reference. They are damaged as in training, with other
random numbers; four mixes are compared with the reference, their undamaged plain sum: the plain
sum, a level mix (an untrained mixer), ours, and ours of stems that were never damaged. All are
mastered alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import numpy as np
import torch

from data.sources import build_source, guess_source
from metrics.mixing import MixScores, mean_scores, score_mix
from models.postprocessing.mixing import WEIGHTS, load_mixer, propose
from models.postprocessing.mixing.console import render, render_channels
from models.postprocessing.mixing.damage import Damage
from models.postprocessing.mixing.network import Mixer
from models.postprocessing.mixing.settings import MixSettings
from utils import SAMPLE_RATE, Parser, run_script, torch_rng

SEED = 20_000


def scores_of(stems: np.ndarray, settings: MixSettings, reference: np.ndarray) -> MixScores:
    """Distances of a mix of stems (s t) from the plain sum of the reference's."""
    return score_mix(
        render(stems, SAMPLE_RATE, settings),
        render_channels(stems, SAMPLE_RATE, settings),
        render(reference, SAMPLE_RATE, MixSettings()),
        reference,
    )


def compare(references: Iterator[np.ndarray], mixer: Mixer) -> dict[str, MixScores]:
    """Mean distances of each way of mixing, over songs (s t)."""
    level = Mixer().eval()
    found: dict[str, list[MixScores]] = {}
    for i, reference in enumerate(references):
        stems = damaged(reference, i)
        ways: dict[str, tuple[np.ndarray, Callable[[], MixSettings]]] = {
            "plain sum": (stems, MixSettings),
            "level mix": (stems, lambda s=stems: propose(s, SAMPLE_RATE, mixer=level)),
            "mixer": (stems, lambda s=stems: propose(s, SAMPLE_RATE, mixer=mixer)),
            "mixer, undamaged": (
                reference,
                lambda s=reference: propose(s, SAMPLE_RATE, mixer=mixer),
            ),
            "reference": (reference, MixSettings),
        }
        for name, (audio, settings) in ways.items():
            found.setdefault(name, []).append(scores_of(audio, settings(), reference))
    return {name: mean_scores(scores) for name, scores in found.items()}


def damaged(reference: np.ndarray, index: int) -> np.ndarray:
    """Stems (s t), damaged by the numbers of song `index`."""
    stems = torch.from_numpy(reference)[None]
    damage = Damage.draw(1, len(reference), torch_rng(SEED, index))
    return damage.apply(stems, SAMPLE_RATE)[0].numpy()


def songs(data_dir: str, source: str | None, count: int, num_frames: int) -> Iterator[np.ndarray]:
    """Stems (s t) of validation segments, at the levels of the data."""
    name = source or guess_source(data_dir)
    data = build_source(name, data_dir, "validation")
    for i in range(min(count, len(data))):
        audio = data.example(i, num_frames=num_frames, need_score=False).audio
        if audio.any():
            yield audio


def table(results: dict[str, MixScores]) -> str:
    """The results as a table in Markdown."""
    names = list(asdict(next(iter(results.values()))))
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for way, scores in results.items():
        lines.append(f"| {way} | {' | '.join(f'{v:.2f}' for v in asdict(scores).values())} |")
    return "\n".join(lines)


def main() -> None:
    parser = Parser(
        prog="python -m models.postprocessing.mixing.check",
        description="Measure how much of a damaged mix the mixer puts right.",
    )
    parser.add_argument("--data_dir", default="data/slakh2100", help="folder of songs")
    parser.add_argument("--source", help="what kind of folder it is (default: guessed)")
    parser.add_argument("--num_songs", type=int, default=24, help="segments (default: 24)")
    parser.add_argument("--num_frames", type=int, default=256, help="length (default: 256, 11.9 s)")
    parser.add_argument("--weights", default=str(WEIGHTS), help="the mixer (default: the released)")
    arguments = parser.parse(sys.argv[1:])
    mixer = load_mixer(arguments.weights)
    data = songs(arguments.data_dir, arguments.source, arguments.num_songs, arguments.num_frames)
    print(table(compare(data, mixer)))


if __name__ == "__main__":
    run_script(main)
