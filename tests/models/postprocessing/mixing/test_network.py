"""The mixer: a level mix before training, indifferent to order, small."""

import pytest
import torch

from models.postprocessing.mixing.listening import Heard, hear
from models.postprocessing.mixing.network import (
    NOMINAL_LUFS,
    Mixer,
    load_mixer,
    save_mixer,
)
from tests.models.postprocessing.mixing.band import band
from utils import UserError, torch_rng


def trained() -> Mixer:
    mixer = Mixer(32)
    for i, parameter in enumerate(mixer.parameters()):
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=torch_rng(0, i))
    return mixer.eval()


def heard() -> Heard:
    return hear(torch.from_numpy(band())[None])


def test_an_untrained_mixer_levels_and_does_nothing_else():
    from data.loudness import loudness

    controls = Mixer()(heard())
    assert (controls.level_lufs == NOMINAL_LUFS).all()
    for stem, gain in zip(band(), controls.gain_db[0].tolist(), strict=True):
        assert loudness(stem, 22_050) + gain == pytest.approx(NOMINAL_LUFS, abs=0.6)
    assert not controls.eq_db.any()
    assert (controls.ratio == 1.0).all() and (controls.bus_ratio == 1.0).all()


def test_order_changes_nothing_but_the_order():
    mixer, order = trained(), torch.tensor([2, 0, 3, 1])
    plain, turned = mixer(heard()), mixer(at(heard(), order), order)
    assert torch.allclose(plain.gain_db[:, order], turned.gain_db, atol=1e-4)
    assert torch.allclose(plain.eq_db[:, order], turned.eq_db, atol=1e-4)
    assert torch.allclose(plain.bus_ratio, turned.bus_ratio, atol=1e-5)


def at(heard: Heard, order: torch.Tensor) -> Heard:
    return Heard(heard.mel[:, order], heard.power[:, order], heard.peak[:, order])


def test_names_and_the_other_stems_matter():
    mixer = trained()
    plain = mixer(heard())
    renamed = mixer(heard(), torch.tensor([0, 1, 3, 2]))
    assert not torch.allclose(plain.eq_db[:, 2], renamed.eq_db[:, 2])
    alone = torch.from_numpy(band())[None]
    alone[:, 1:] = 0.0
    assert not torch.allclose(plain.eq_db[:, 0], mixer(hear(alone)).eq_db[:, 0])


def test_silent_stems_are_left_alone_and_unheard():
    mixer, stems = trained(), torch.from_numpy(band())[None]
    stems[:, 3] = 0.0
    controls = mixer(hear(stems))
    assert controls.sounds.tolist() == [[True, True, True, False]]
    assert controls.gain_db[0, 3] == 0.0 and not controls.eq_db[0, 3].any()
    nothing = mixer(hear(torch.zeros(1, 4, 22_050)))
    assert torch.isfinite(nothing.bus_threshold_db).all() and not nothing.gain_db.any()


def test_a_level_changes_gains_only():
    mixer = trained()
    one, other = (mixer(hear(k * torch.from_numpy(band())[None])) for k in (1.0, 0.25))
    assert torch.allclose(other.gain_db - one.gain_db, torch.tensor(12.0412), atol=1e-2)
    assert torch.allclose(one.eq_db, other.eq_db, atol=1e-2)


def test_it_is_small_and_comes_back_from_disk(tmp_path):
    assert sum(p.numel() for p in Mixer().parameters()) < 1_000_000
    mixer = trained()
    save_mixer(mixer, tmp_path / "mixing.safetensors")
    again = load_mixer(tmp_path / "mixing.safetensors")
    assert torch.equal(mixer(heard()).eq_db, again(heard()).eq_db)
    state = {f"mixer.{name}": value for name, value in mixer.state_dict().items()}
    torch.save({"model": state}, tmp_path / "latest.pt")
    assert torch.equal(load_mixer(tmp_path / "latest.pt")(heard()).eq_db, mixer(heard()).eq_db)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.safetensors").write_text("no")
    for name in ("a.safetensors", "none.pt"):
        with pytest.raises(UserError, match="holds no mixer"):
            load_mixer(tmp_path / name)
