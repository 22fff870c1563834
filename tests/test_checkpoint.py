import dataclasses
import errno
import os
import stat
import zipfile

import pytest
import torch
from conftest import EMBEDDED

from gan import UserError
from gan.model.settings import ModelSettings
from gan.train.generator import checkpoint
from gan.train.settings import RECIPES

SAME = {"seed": 0, "resolution": 64}


def state(step: int) -> dict:
    return {"training": {"step": step, "weight": torch.full((50_000,), float(step))}, "identity": SAME}


def step_of(folder, wanted: str = "latest") -> int:
    return checkpoint.load(folder, wanted).state["training"]["step"]


def test_the_last_two_are_kept_and_the_newest_is_latest(tmp_path):
    for step in (5, 50, 500):
        checkpoint.save(tmp_path, state(step))
    assert [path.name for path in checkpoint.found(tmp_path)] == ["checkpoint-00000050.pt", "checkpoint-00000500.pt"]
    path, loaded = checkpoint.load(tmp_path, "latest")
    assert path == tmp_path / "checkpoint-00000500.pt" and loaded["training"]["step"] == 500
    assert torch.equal(loaded["training"]["weight"], state(500)["training"]["weight"])
    assert step_of(tmp_path, str(tmp_path / "checkpoint-00000050.pt")) == 50


def test_a_save_removes_checkpoints_of_later_steps(tmp_path):
    for step in (2000, 3000):
        checkpoint.save(tmp_path, state(step))
    checkpoint.save(tmp_path, state(2500))  # a run resumed from step 2000
    assert step_of(tmp_path) == 2500
    assert [path.name for path in checkpoint.found(tmp_path)] == ["checkpoint-00002000.pt", "checkpoint-00002500.pt"]


def test_nothing_yet(tmp_path):
    assert checkpoint.load(tmp_path, "latest") is None
    with pytest.raises(UserError, match="no such file"):
        checkpoint.load(tmp_path, str(tmp_path / "checkpoint-7.pt"))


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, share, capsys):
    for step in (1, 2):
        path = checkpoint.save(tmp_path, state(step))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert step_of(tmp_path) == 1
    assert "Damaged, passed over" in capsys.readouterr().out
    with pytest.raises(UserError, match="No checkpoint can be read"):
        checkpoint.load(tmp_path, str(path))


def test_a_flipped_byte_anywhere_is_noticed(tmp_path, capsys):
    """PyTorch writes checksums and does not compare them."""
    for step in (1, 2):
        path = checkpoint.save(tmp_path, state(step))
    content = path.read_bytes()
    weight = content.index(torch.full((9,), 2.0).numpy().tobytes())
    for place in (weight + 5_000, weight + 190_000, len(content) // 2):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert step_of(tmp_path) == 1, place
        assert f"Damaged, passed over: {path} (" in capsys.readouterr().out
    path.write_bytes(content)
    assert step_of(tmp_path) == 2


def test_a_checkpoint_is_no_larger_in_memory_than_on_the_disk(tmp_path):
    path = checkpoint.save(tmp_path, state(1))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(UserError, match=r"No checkpoint can be read: .*\(damaged, or not a checkpoint of a run\)\.$"):
        checkpoint.load(tmp_path, "latest")


@pytest.mark.parametrize(
    "change", [{"identity": []}, {"training": "x"}, {"training": {"step": True}}, {"commands": 3}, {"seconds": "long"}]
)
def test_what_a_checkpoint_holds_is_of_the_right_kind(tmp_path, change):
    torch.save({**state(1), **change}, tmp_path / "checkpoint-00000001.pt")
    with pytest.raises(UserError, match="No checkpoint can be read: .*not a checkpoint of a run"):
        checkpoint.load(tmp_path, "latest")


def test_unfinished_files_are_never_chosen_and_go_with_the_next_save(tmp_path):
    checkpoint.save(tmp_path, state(1))
    (tmp_path / "checkpoint-00000009.tmp").write_bytes(b"half")
    assert step_of(tmp_path) == 1
    checkpoint.save(tmp_path, state(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-00000001.pt", "checkpoint-00000002.pt"]


def test_a_disk_that_fails_costs_nothing_that_was_there(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state(1))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    with pytest.raises(
        UserError, match="No space left.*checkpoint-00000001 is complete.*resume_from_checkpoint latest"
    ):
        checkpoint.save(tmp_path, state(2))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000001.pt"]


@pytest.mark.parametrize("name", ["EINVAL", "EIO", "ENOTSUP", "ENOSPC"])
def test_a_folder_that_cannot_be_flushed_is_no_failure(tmp_path, monkeypatch, name):
    """Network drives and drives of other systems flush files and refuse folders; a full disk is another matter."""
    number, original, closed = getattr(errno, name), os.fsync, []

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            closed.append(descriptor)
            raise OSError(number, os.strerror(number))
        original(descriptor)

    monkeypatch.setattr(checkpoint.os, "fsync", fsync)
    if name == "ENOSPC":
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(tmp_path, state(3))
    else:
        checkpoint.save(tmp_path, state(3))
    assert step_of(tmp_path) == 3
    with pytest.raises(OSError):
        os.fstat(closed[0])


def test_other_pictures_are_named_and_not_their_digests(tmp_path):
    saved, expected = {**SAME, "pictures": "5a5a"}, {**SAME, "pictures": "c3c3"}
    for there, words in (
        ("40 of faces", "pictures: 40 of faces there, 41 of faces here"),
        ("41 of faces", "pictures: others there, 41 of faces here"),
        ("", "pictures: others there, 41 of faces here"),  # the checkpoint of an older version
    ):
        with pytest.raises(UserError) as caught:
            checkpoint.require_same(tmp_path, saved, expected, (there, "41 of faces"))
        assert f"({words})" in str(caught.value) and "5a5a" not in str(caught.value)


def test_other_settings_are_refused_with_the_differences(tmp_path):
    with pytest.raises(UserError, match="resolution: 64 there, 32 here; seed: 0 there, 1 here"):
        checkpoint.require_same(tmp_path, SAME, {"seed": 1, "resolution": 32})


def test_a_checkpoint_from_before_a_setting_was_there_goes_on_with_its_default(tmp_path):
    expected = checkpoint.identity(RECIPES["modern"], "bf16", 64, "digest")
    older = {name: value for name, value in expected.items() if name != "gradient_clip"}
    checkpoint.require_same(tmp_path, older, expected)
    with pytest.raises(UserError, match="gradient_clip: 0.0 there, 1.0 here"):
        checkpoint.require_same(tmp_path, older, {**expected, "gradient_clip": 1.0})


def test_which_settings_may_change_when_a_run_is_resumed():
    def identity(**changes):
        return checkpoint.identity(dataclasses.replace(RECIPES["modern"], **changes), "bf16", 64, "digest")

    same = identity()
    assert identity(output_dir="elsewhere", checkpointing_steps=7, max_train_steps=9, train_batch_size=32) == same
    assert identity(init_from="weights/moved") == same
    assert identity(crop="face", faces="all") == same  # the digest says which pictures; runs from before had no crop
    for changes in ({"seed": 1}, {"learning_rate": 1e-3}, {"model": ModelSettings(32)}, {"penalty_every": 4}):
        assert identity(**changes) != same
    assert checkpoint.identity(RECIPES["modern"], "bf16", 64, "other pictures") != same
    assert checkpoint.identity(RECIPES["modern"], "bf16", 128, "digest") != same


def test_a_checkpoint_that_would_run_code_is_not_opened(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("ran",)

    torch.save({"training": {"step": 1}, "identity": SAME, "evil": Evil()}, tmp_path / "checkpoint-00000001.pt")
    with pytest.raises(UserError, match="No checkpoint can be read"):
        checkpoint.load(tmp_path, "latest")


def test_a_folder_or_weights_instead_of_a_checkpoint(tmp_path):
    checkpoint.save(tmp_path, state(5))
    with pytest.raises(UserError, match="is a folder: name a .pt file in it, or say latest"):
        checkpoint.load(tmp_path, str(tmp_path))
    weights = EMBEDDED / "generator.safetensors"
    with pytest.raises(UserError, match=r"generator.safetensors \(damaged, or not a checkpoint of a run\)\.$"):
        checkpoint.load(tmp_path, str(weights))


def test_a_file_that_is_not_a_checkpoint_is_refused(tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "network.pt")
    with pytest.raises(UserError, match="network.pt .not a checkpoint of a run"):
        checkpoint.load(tmp_path, str(tmp_path / "network.pt"))
