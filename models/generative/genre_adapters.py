"""Genre adapters: small low-rank updates of the composer, one per genre, beside its own weights.

An adapter holds two thin matrices for every linear layer in the blocks of the stem transformer:
W x becomes W x + share * (alpha / rank) * up (down x). `down` begins at random and `up` at zero, so
a new adapter changes nothing. The composer itself is never written to: adapters act through forward
hooks that exist only inside `adapted`, so without one it computes what it always did, bit for bit.
Source: Hu et al. 2021 (LoRA), section 4.1.

An adapter belongs to the weights that it was trained beside and is refused by others. It does not
know whether it helps: `docs/GENRES.md` measures that.

    python -m models.generative.genre_adapters runs/rock/best.pt --output rock.safetensors
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from models.encoders.conditions import Conditions, Context
from models.generative.composer import Composer
from models.generative.transformer import Block, StemTransformer
from models.weights import averaged_state
from utils import Parser, UserError, run_script, torch_rng, write_atomically

RANK = 8
ALPHA = 16.0
ABOUT = "about"  # what a file's metadata call it


@dataclass(frozen=True)
class About:
    """What an adapter is: its genre, the composer that it belongs to (`fingerprint`), its rank, and
    how many songs and optimiser steps made it.
    """

    genre: str = ""
    base: str = ""
    rank: int = RANK
    songs: int = 0
    steps: int = 0


class LowRank(nn.Module):
    """Two thin matrices beside a linear layer: down (r, in), up (out, r), both zero."""

    def __init__(self, num_in: int, num_out: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.zeros(rank, num_in))
        self.up = nn.Parameter(torch.zeros(num_out, rank))


class GenreAdapter(nn.Module):
    """The low-rank pairs of one genre, by layer of the stem transformer.

    Args:
        sizes: name of a layer -> its widths (in, out).
    """

    def __init__(self, sizes: Mapping[str, tuple[int, int]], about: About) -> None:
        super().__init__()
        self.about = about
        self.pairs = nn.ModuleDict(
            {_key(name): LowRank(*size, about.rank) for name, size in sizes.items()}
        )

    @staticmethod
    def beside(composer: Composer, genre: str = "", *, seed: int = 0) -> GenreAdapter:
        """A new adapter, which changes nothing yet; `seed` is that of its `down` matrices."""
        layers = adaptable(composer.transformer)
        sizes = {name: (layer.in_features, layer.out_features) for name, layer in layers.items()}
        adapter = GenreAdapter(sizes, About(genre, fingerprint(composer)))
        for i, pair in enumerate(adapter.pairs.values()):
            width = pair.down.shape[1]
            nn.init.normal_(pair.down, std=width**-0.5, generator=torch_rng(seed, i))
        return adapter

    @property
    def scale(self) -> float:
        return ALPHA / self.about.rank

    def pair(self, layer: str) -> LowRank:
        """The pair beside a layer of that name."""
        return self.pairs[_key(layer)]

    def get_extra_state(self) -> dict[str, Any]:
        return asdict(self.about)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.about = About(**state)


def _key(layer: str) -> str:
    """A layer's name without dots, which the name of a module cannot have."""
    return layer.replace(".", "/")


def adaptable(transformer: StemTransformer) -> dict[str, nn.Linear]:
    """The layers that an adapter stands beside: every linear layer of every block."""
    return {
        f"{block}.{name}": layer
        for block, module in transformer.named_modules()
        if isinstance(module, Block)
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    }


def fingerprint(composer: Composer) -> str:
    """Of a composer's weights in half precision, as they are released: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(composer.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def adapted(
    transformer: StemTransformer, adapters: Sequence[GenreAdapter], shares: torch.Tensor
) -> Iterator[None]:
    """Within it the transformer computes with the adapters, each by its share.

    Args:
        shares: (b, a) of each of a adapters in each row of the transformer's batch, or (1, a) for
            all rows. Adapters without any share are left out; where none is left nothing is done.
    """
    acting = [i for i in range(len(adapters)) if bool((shares[:, i] != 0).any())]
    layers = adaptable(transformer) if acting else {}
    chosen = [adapters[i] for i in acting]
    with contextlib.ExitStack() as stack:
        for name, layer in layers.items():
            hook = layer.register_forward_hook(_update(name, chosen, shares[:, acting]))
            stack.callback(hook.remove)
        yield


def _update(layer: str, adapters: Sequence[GenreAdapter], shares: torch.Tensor) -> Callable:
    """The forward hook of a layer: its output and the sum of the updates.

    All adapters are one pair of matrices, side by side. A row of the batch may be several rows of
    the layer (its windows), one after another.
    """
    down = torch.cat([adapter.pair(layer).down for adapter in adapters])
    up = torch.cat([adapter.pair(layer).up * adapter.scale for adapter in adapters], 1)
    ranks = torch.tensor([adapter.about.rank for adapter in adapters], device=shares.device)
    shares = shares.repeat_interleave(ranks, 1)

    def hook(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
        (x,) = inputs
        rows = shares.repeat_interleave(len(x) // len(shares), 0)
        low = F.linear(x, down) * rows.view(len(x), *[1] * (x.ndim - 2), -1).to(x.dtype)
        return output + F.linear(low, up)

    return hook


class AdaptedComposer:
    """A composer with adapters; what composes a song needs nothing else of a composer.

    Args:
        shares: (b, a) of each adapter in each song. Batches of several versions of the songs, as
            guidance makes them, have the same shares in every version.
    """

    def __init__(
        self, composer: Composer, adapters: Sequence[GenreAdapter], shares: torch.Tensor
    ) -> None:
        self.composer, self.adapters, self.shares = composer, adapters, shares

    def context(self, conditions: Conditions, latents: torch.Tensor) -> Context:
        """As `Composer.context`."""
        return self.composer.context(conditions, latents)

    def transformer(self, latents: torch.Tensor, *how: Any) -> torch.Tensor:
        """As `StemTransformer.forward`, for batches of any number of times the b songs."""
        shares = self.shares.repeat(len(latents) // len(self.shares), 1)
        with adapted(self.composer.transformer, self.adapters, shares):
            return self.composer.transformer(latents, *how)

    def item(self, index: int) -> AdaptedComposer:
        """The composer of one song."""
        return AdaptedComposer(self.composer, self.adapters, self.shares[index, None])


def save_adapter(adapter: GenreAdapter, path: str | Path) -> Path:
    """Writes an adapter in half precision, with what it is, as safetensors."""
    from safetensors.torch import save_file

    state = {name: p.detach().cpu().half() for name, p in adapter.named_parameters()}
    with write_atomically(path) as partial:
        save_file(state, partial, metadata={ABOUT: json.dumps(asdict(adapter.about))})
    return Path(path)


def load_adapter(path: str | Path) -> GenreAdapter:
    """An adapter from a file of `save_adapter`, or from a checkpoint of the stage "genre", with
    averaged weights.

    Raises:
        UserError: nothing is there, or it holds no adapter.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            f"no adapter at '{path}': expected a .safetensors file of an adapter, or a checkpoint "
            "of train.py --stage genre"
        )
    try:
        about, state = (_from_checkpoint if path.suffix == ".pt" else _from_file)(path)
        downs = {n.split(".")[1]: t for n, t in state.items() if n.endswith(".down")}
        ups = {n.split(".")[1]: t for n, t in state.items() if n.endswith(".up")}
        sizes = {name: (downs[name].shape[1], ups[name].shape[0]) for name in downs}
        adapter = GenreAdapter(sizes, about)
        adapter.load_state_dict({n: t.float() for n, t in state.items()}, strict=False)
    except Exception as error:
        raise UserError(
            f"'{path}' holds no genre adapter ({type(error).__name__}): expected a file written by "
            "models.generative.genre_adapters or a checkpoint of train.py --stage genre"
        ) from None
    return adapter.requires_grad_(False).eval()


def _from_file(path: Path) -> tuple[About, dict[str, torch.Tensor]]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        about = About(**json.loads(file.metadata()[ABOUT]))
        return about, {name: file.get_tensor(name) for name in file.keys()}


def _from_checkpoint(path: Path) -> tuple[About, dict[str, torch.Tensor]]:
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    described = checkpoint["model"]["adapter._extra_state"]
    about = About(**described | {"steps": checkpoint["stage_step"]})
    state = averaged_state(checkpoint).items()
    return about, {n.removeprefix("adapter."): t for n, t in state if n.startswith("adapter.")}


def build_parser() -> Parser:
    """The flags of the command that takes an adapter out of a checkpoint."""
    parser = Parser(prog="python -m models.generative.genre_adapters", description=__doc__)
    parser.add_argument("checkpoint", metavar="FILE", help="of train.py --stage genre: best.pt")
    parser.add_argument("--output", required=True, metavar="FILE", help="adapter to write")
    return parser


def main() -> None:
    """Writes a checkpoint's adapter as a file of its own."""
    args = build_parser().parse()
    if Path(args.output).suffix != ".safetensors":
        raise UserError(f"--output '{args.output}' must end with .safetensors")
    adapter = load_adapter(args.checkpoint)
    size = save_adapter(adapter, args.output).stat().st_size
    about = adapter.about
    print(f"{args.output}: {about.genre}, {about.songs} songs, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    run_script(main)
