"""Which genre adapters act on a song, and how much: by numbers or by how probable the genres are.

Shares of all adapters of a song sum to at most 1. What the numbers leave is divided among the
adapters without one: each takes the probability of its genre for the song, which is 1 for a genre
that is asked for and 0 for the others, and what the planner thinks of the prompt where none is.
An adapter of a name that is no genre of the model takes what the others leave.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from data.brief import header_steps
from data.labels import GENRES, tagged
from data.plan_tokens import FIRST, PAD, SIZES, START, UNKNOWN, Kind, token_of
from models.encoders.conditions import Conditions
from models.generative.brief import Plan, said_labels
from models.generative.composer import Composer
from models.generative.genre_adapters import (
    AdaptedComposer,
    GenreAdapter,
    fingerprint,
    load_adapter,
)
from models.generative.planner import Planner
from utils import UserError

Share = float | Sequence[float] | None
Wanted = str | Path | Sequence[str | Path] | Mapping[str | Path, Share]


@dataclass(frozen=True)
class AdapterChoice:
    """Loaded adapters, by the name under which they were asked for.

    Attributes:
        adapters: path as given -> adapter.
        numbers: path -> share, of all songs or of each; None where it follows from the genre.
    """

    adapters: Mapping[str, GenreAdapter]
    numbers: Mapping[str, Share]

    @staticmethod
    def of(wanted: Wanted | None, composer: Composer) -> AdapterChoice:
        """The adapters of files for a composer; None is no adapter.

        Raises:
            UserError: a file that is missing, holds no adapter, or belongs to another composer.
        """
        if wanted is None:
            return AdapterChoice({}, {})
        if isinstance(wanted, str | Path):
            wanted = [wanted]
        if not isinstance(wanted, Mapping):
            wanted = dict.fromkeys(wanted)
        device = next(composer.parameters()).device
        adapters = {str(path): load_adapter(path).to(device) for path in wanted}
        _check_base(adapters, composer)
        return AdapterChoice(adapters, {str(path): share for path, share in wanted.items()})

    def shares(
        self, said: Conditions, plans: Sequence[Plan], planner: Planner | None
    ) -> torch.Tensor:
        """Share (b, a) of each adapter in each song.

        Args:
            said: what was asked for, before the plans.
            plans: of b songs.
            planner: None where it has not been trained: then no genre is more probable than
                another.

        Raises:
            UserError: a number out of 0 to 1, another number of them than songs, a sum above 1.
        """
        b = len(plans)
        shares = torch.zeros(b, len(self.adapters))
        for i, (path, number) in enumerate(self.numbers.items()):
            if number is not None:
                shares[:, i] = _number(path, number, b)
        if bool((shares.sum(1) > 1.0 + 1e-6).any()):
            raise UserError(
                f"the shares of the adapters sum to {float(shares.sum(1).max()):g}: at most 1"
            )
        soft = [i for i, number in enumerate(self.numbers.values()) if number is None]
        if soft:
            names = [list(self.adapters.values())[i].about.genre for i in soft]
            left = (1.0 - shares.sum(1, keepdim=True)).clamp_min(0.0)
            shares[:, soft] = left * _by_genre(names, probable_genres(said, plans, planner))
        if soft and not bool(shares.any()):
            warnings.warn(
                "the adapters do nothing: their genres are not the one asked for, and they have "
                "no numbers, as in rock.safetensors=0.7",
                stacklevel=3,
            )
        return shares

    def on(self, composer: Composer, shares: torch.Tensor) -> AdaptedComposer | None:
        """The composer with these adapters; None where there are none."""
        if not self.adapters:
            return None
        device = next(composer.parameters()).device
        return AdaptedComposer(composer, list(self.adapters.values()), shares.to(device))

    def described(self, shares: torch.Tensor) -> list[dict[str, float]]:
        """Of each song: path -> share, as JSON."""
        paths = list(self.adapters)
        return [
            {path: round(float(share), 4) for path, share in zip(paths, row, strict=True)}
            for row in shares
        ]


def _check_base(adapters: Mapping[str, GenreAdapter], composer: Composer) -> None:
    """Raises when an adapter was trained beside another composer."""
    if not adapters:
        return
    here = fingerprint(composer)
    for path, adapter in adapters.items():
        if adapter.about.base != here:
            raise UserError(
                f"'{path}' was trained beside other weights (composer {adapter.about.base}, this "
                f"model's is {here}): train it again with --stage genre and --init_from these"
            )


def _number(path: str, number: float | Sequence[float], b: int) -> torch.Tensor:
    """The share said of an adapter, (b,)."""
    row = torch.as_tensor(number, dtype=torch.float32).reshape(-1)
    if len(row) not in (1, b):
        raise UserError(f"{len(row)} shares of '{path}' for {b} songs: give one or each")
    if not bool(((row >= 0.0) & (row <= 1.0)).all()):
        raise UserError(f"the share of '{path}' is {number}: choose from 0 to 1")
    return row.expand(b)


def _by_genre(names: Sequence[str], probable: torch.Tensor) -> torch.Tensor:
    """Shares (b, a) of adapters of these genres; probable (b, GENRES), nan where nothing is known.

    Adapters of one genre divide it evenly.
    """
    ids = [tagged({"genre": name})["genre"] for name in names]
    known = sorted({i for i in ids if i >= 0})
    rest = 1.0 - probable[:, known].sum(1)
    columns = [(probable[:, i] if i >= 0 else rest) / ids.count(i) for i in ids]
    shares = torch.stack(columns, 1)
    return torch.where(shares.isnan(), 1.0 / len(names), shares)


@torch.no_grad()
def probable_genres(
    said: Conditions, plans: Sequence[Plan], planner: Planner | None
) -> torch.Tensor:
    """How probable each genre is for each song, (b, GENRES); nan where nothing is known.

    1 for the genre that is asked for; else what the planner expects after everything said and the
    style of the song's plan.
    """
    b = len(plans)
    probable = torch.full((b, len(GENRES)), torch.nan)
    if planner is not None and Kind.GENRE not in planner.mute:
        probable = _expected(said.expanded(b), plans, planner)
    asked = said.expanded(b).genre
    if asked is not None:
        asked = asked.cpu()
        certain = torch.nn.functional.one_hot(asked.clamp_min(0), len(GENRES)).float()
        probable = torch.where((asked >= 0)[:, None], certain, probable)
    return probable


def _expected(said: Conditions, plans: Sequence[Plan], planner: Planner) -> torch.Tensor:
    """The planner's probabilities of the token after the style, which is the genre."""
    device = planner.head.weight.device
    styles = [UNKNOWN if plan.brief.style is None else plan.brief.style for plan in plans]
    tokens = [[START, token_of(Kind.STYLE, style)] for style in styles]
    facts = [header_steps(said_labels(said, i)) for i in range(len(plans))]
    fixed = [
        [PAD if v == UNKNOWN else token_of(Kind(k), int(v)) for k, v in enumerate(row)]
        for row in facts
    ]
    logits = planner(torch.tensor(tokens, device=device), said, torch.tensor(fixed, device=device))[
        :, -1
    ]
    first = int(FIRST[Kind.GENRE]) + 1
    return logits[:, first : first + int(SIZES[Kind.GENRE])].softmax(-1).float().cpu()
