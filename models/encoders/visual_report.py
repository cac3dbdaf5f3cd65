"""How well the visual encoder sees: held-out kinds of drawn clips, and extremes made by hand.

`python -m models.encoders.visual_report` prints the correlations of the released weights with the
known values beside two others: an untrained network (floor), and the explicit regressions computed
from the same disturbed pixels with the pace that frame differences alone can tell. Then the
extremes. `--picture FILE` says what is seen in a file of yours, `--figure FILE` draws the extremes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from data.emotion import EMOTIONS, nearest_emotion
from data.pictures.dataset import PictureDataset
from data.pictures.features import features_of, measured_pace, point_of
from data.pictures.files import Clip, read_frames
from data.pictures.synthetic import SIZE, Example, Scene, Shot, clouds, film, landscape, stripes
from models.encoders.visual import POINT, Seen, VisualEncoder
from utils import RELEASE, Parser, UserError, counter_rng, eval_mode, run_script

NUM_CLIPS = 256
CLIP_FRAMES = 20


def plain(red: float, green: float, blue: float) -> Scene:
    """One colour everywhere."""
    colour = np.array([red, green, blue])[:, None, None]
    return Scene(lambda x, y: np.broadcast_to(colour, (3, *x.shape)))


def tinted(scene: Scene, dark: tuple[float, ...], bright: tuple[float, ...]) -> Scene:
    """A scene's light in the shades between two colours."""
    low, span = np.array(dark)[:, None, None], np.subtract(bright, dark)[:, None, None]

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        light = scene.paint(x, y).mean(0)
        return low + span * (light - light.min()) / max(np.ptp(light), 1e-6)

    return Scene(paint, scene.angle)


def extremes() -> dict[str, Example]:
    """Clips made by hand whose mood is plain to see, with their known values."""
    fog, fire, water = (clouds(counter_rng(seed)) for seed in (1, 2, 3))
    bars, hills = stripes(counter_rng(4)), landscape(counter_rng(11))
    still = {
        "black": plain(0.02, 0.02, 0.02),
        "dark blue": tinted(fog, (0.0, 0.0, 0.1), (0.05, 0.08, 0.3)),
        "grey fog": tinted(fog, (0.35, 0.36, 0.38), (0.55, 0.56, 0.58)),
        "pale sky": tinted(water, (0.75, 0.87, 1.0), (0.95, 0.97, 1.0)),
        "spring meadow": tinted(water, (0.35, 0.75, 0.2), (0.95, 0.95, 0.4)),
    }
    cast = {name: [Shot(name, scene, (0.0, 0.0), 0.0)] for name, scene in still.items()}
    red, green = ((1.0, 0.05, 0.05), (1.0, 0.75, 0.1)), ((0.1, 0.5, 0.1), (0.6, 0.9, 0.4))
    cast["slow hills"] = [Shot("hills", tinted(hills, *green), (0.05, 0.0), 0.0)]
    cast["bright red, fast"] = [Shot("fire", tinted(fire, *red), (0.6, 0.3), 0.0)]
    flashes = [tinted(bars, *red), plain(1.0, 1.0, 0.2), plain(0.9, 0.0, 0.6)]
    cast["flashing cuts"] = [Shot("cut", flashes[i % 3], (0.3, 0.0), 0.5 * i) for i in range(10)]
    return {name: film(parts, CLIP_FRAMES) for name, parts in cast.items()}


def see(encoder: VisualEncoder, examples: list[Example]) -> Seen:
    """What is seen in examples of equal length."""
    frames = torch.from_numpy(np.stack([e.frames for e in examples])).float()
    with eval_mode(encoder):
        return encoder(frames)


def correlations(encoder: VisualEncoder, *, count: int = NUM_CLIPS) -> dict[str, dict[str, float]]:
    """Spearman's rho with the known values over frames of held-out kinds: valence, arousal, pace of
    the untrained network ("floor"), the encoder ("seen") and the regressions ("explicit").
    """
    torch_state = torch.random.get_rng_state()
    torch.manual_seed(0)
    untrained = VisualEncoder(encoder.config)
    torch.random.set_rng_state(torch_state)
    found: dict[str, list[np.ndarray]] = {"known": [], "floor": [], "seen": [], "explicit": []}
    data = PictureDataset(split="validation", count=count)
    for i in range(count):
        segment = data[i]
        frames = segment.frames[segment.frame_mask]
        found["known"].append(segment.seen[segment.frame_mask][:, :3].numpy())
        for name, network in (("floor", untrained), ("seen", encoder)):
            with eval_mode(network):
                seen = network(frames[None])
            found[name].append(torch.stack([getattr(seen, n)[0] for n in POINT], -1).numpy())
        pace = measured_pace(frames.numpy())
        found["explicit"].append(np.stack([*point_of(features_of(frames.numpy()), pace), pace], -1))
    known = np.concatenate(found.pop("known"))
    return {name: _rho(np.concatenate(rows), known) for name, rows in found.items()}


def _rho(said: np.ndarray, known: np.ndarray) -> dict[str, float]:
    from scipy.stats import spearmanr

    return {n: float(spearmanr(said[:, i], known[:, i])[0]) for i, n in enumerate(POINT)}


def report(encoder: VisualEncoder) -> str:
    """Both tables as text."""
    lines = ["Spearman's rho on kinds never trained on", _row("", *POINT)]
    for name, values in correlations(encoder).items():
        lines.append(_row(name, *(f"{values[n]:.3f}" for n in POINT)))
    lines += ["", "known -> seen", _row("", *POINT, "nearest emotion")]
    made = extremes()
    seen = see(encoder, list(made.values()))
    for i, (name, example) in enumerate(made.items()):
        said = [seen.mean(n)[i].item() for n in POINT]
        known = [getattr(example, n).mean() for n in POINT]
        pairs = [f"{k:+.2f} -> {s:+.2f}" for k, s in zip(known, said, strict=True)]
        lines.append(_row(name, *pairs, emotion_name(said[0], said[1])))
    return "\n".join(lines)


def emotion_name(valence: float, arousal: float) -> str:
    """The nearest emotion's name, or "neutral"."""
    index = nearest_emotion(valence, arousal)
    return EMOTIONS[index] if index >= 0 else "neutral"


def _row(name: str, *cells: str) -> str:
    return f"{name:18s}" + "".join(f"{cell:>18s}" for cell in cells)


def describe(encoder: VisualEncoder, clip: Clip) -> str:
    """What is seen in one picture or clip, in a line, and each second of a clip in another."""
    seen = encoder.see([clip])
    valence, arousal, pace = (seen.mean(n)[0].item() for n in POINT)
    lines = [
        f"valence {valence:+.2f}  arousal {arousal:+.2f}  pace {pace:.2f}  "
        f"{emotion_name(valence, arousal)}"
    ]
    curve = seen.curve()
    for second in range(int(np.ceil(curve.times[-1]))):
        valence, arousal = curve.between(second, min(second + 1.0, curve.times[-1]))
        lines.append(f"{second:5d} s  valence {valence:+.2f}  arousal {arousal:+.2f}")
    return "\n".join(lines)


def save_figure(encoder: VisualEncoder, path: str | Path) -> None:
    """A picture of the extremes, two moments of each over its known and seen point."""
    from PIL import Image, ImageDraw

    made = extremes()
    seen = see(encoder, list(made.values()))
    side, margin, line = SIZE, 48, 12
    canvas = Image.new("RGB", ((side + margin) * len(made), 2 * side + 4 * line + 8), "white")
    draw = ImageDraw.Draw(canvas)
    for i, (name, example) in enumerate(made.items()):
        left = i * (side + margin)
        for row, frame in enumerate(example.frames[[0, 2]]):
            pixels = np.rint(frame * 255).astype(np.uint8).transpose(1, 2, 0)
            canvas.paste(Image.fromarray(pixels), (left, row * side))
        draw.text((left, 2 * side + 2), name, "black")
        for row, n in enumerate(POINT, 1):
            known, said = getattr(example, n).mean(), seen.mean(n)[i].item()
            text = f"{n[:3]} {known:+.2f} > {said:+.2f}"
            draw.text((left, 2 * side + 2 + row * line), text, "black")
    canvas.quantize(128).save(path, optimize=True)


def main() -> None:
    """Loads the model and prints."""
    parser = Parser(prog="visual_report", description="What the visual encoder sees.")
    parser.add_argument("--checkpoint", default=str(RELEASE), help="model folder or checkpoint")
    parser.add_argument("--picture", metavar="FILE", help="a picture or video to look at")
    parser.add_argument("--figure", metavar="FILE", help="where to save a picture of the extremes")
    arguments = parser.parse()
    from models.harmonicflow import HarmonicFlow

    model = HarmonicFlow.from_pretrained(Path(arguments.checkpoint))
    if "visual" not in model.trained:
        raise UserError(
            f"the visual encoder of {arguments.checkpoint} is untrained: "
            "python train.py --stage visual"
        )
    if arguments.figure:
        save_figure(model.visual, arguments.figure)
    if arguments.picture:
        print(describe(model.visual, read_frames(arguments.picture)))
    elif not arguments.figure:
        print(report(model.visual))


if __name__ == "__main__":
    run_script(main)
