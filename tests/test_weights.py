import dataclasses
import json
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small import SMALL

from gan import UserError
from gan.model import latents, sampling, weights
from gan.model.detector import Detector
from gan.model.look import Look
from gan.model.networks import Discriminator, Generator
from gan.model.settings import ModelSettings


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    weights.save(tmp_path, Generator(SMALL), Discriminator(SMALL), SMALL, {"training": {"steps": 3}, "metrics": {}})
    return tmp_path


def test_what_is_saved_is_loaded(folder):
    torch.manual_seed(0)
    generator = Generator(SMALL)
    loaded = weights.load(folder)
    assert loaded.settings == SMALL and loaded.config["training"]["steps"] == 3
    assert not loaded.generator.training and not any(p.requires_grad for p in loaded.generator.parameters())
    assert loaded.generator.mean_features.shape == (16, 4, 4)
    for name, tensor in generator.state_dict().items():
        saved = loaded.generator.state_dict()[name]
        assert saved.dtype == tensor.dtype
        assert torch.equal(saved, tensor.half().float() if tensor.dim() > 1 else tensor), name
    assert (
        np.abs(sampling.faces(loaded.generator, range(4)).astype(int) - sampling.faces(generator, range(4))).max() <= 1
    )
    assert loaded.discriminator(torch.zeros(2, 3, 16, 16)).shape == (2,)


def test_skips_are_saved_and_come_back(tmp_path):
    settings = dataclasses.replace(SMALL, skips=True)
    generator = Generator(settings).eval()
    weights.save(tmp_path, generator, Discriminator(settings), settings, {})
    loaded = weights.load(tmp_path)
    assert loaded.settings.skips and loaded.generator.skips[0].weight.abs().max() > 0
    assert (
        np.abs(sampling.faces(loaded.generator, range(4)).astype(int) - sampling.faces(generator, range(4))).max() <= 1
    )


def test_weights_of_before_there_were_skips_have_none(folder):
    config = weights.load_config(folder)
    del config["model"]["skips"]
    weights.write_config(folder, config)
    assert weights.load(folder).settings == SMALL


def test_the_same_weights_have_the_same_id_and_others_another(folder, tmp_path_factory):
    ids = {weights.load(folder).generator_id}
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        again = tmp_path_factory.mktemp("again")
        weights.save(again, Generator(SMALL), Discriminator(SMALL), SMALL, {})
        ids.add(weights.load(again).generator_id)
    assert len(ids) == 2 and all(len(i) == 12 and int(i, 16) >= 0 for i in ids)


def test_the_hash_covers_how_a_seed_becomes_a_face(folder):
    with safe_open(folder / weights.GENERATOR, "pt") as file:
        how = json.loads(file.metadata()["seedfaces"])
        assert file.get_tensor("project.weight").dtype == torch.float16
        assert file.get_tensor("project_norm.running_mean").dtype == torch.float32
    assert (
        how["model"]["latent_dim"] == 8
        and how["variation"] == "first_features_towards_mean"
        and "RandomState" in how["latent"]
    )


def with_header(folder, variation: str, without=()) -> None:
    """Rewrite the generator of a folder with another header, as an older or newer version would have."""
    tensors = {name: tensor for name, tensor in load_file(folder / weights.GENERATOR).items() if name not in without}
    metadata = {"seedfaces": json.dumps({"variation": variation})} if variation else None
    save_file(tensors, folder / weights.GENERATOR, metadata)
    config = weights.load_config(folder)
    weights.write_config(folder, {**config, "sha256": {}})


def test_variation_works_as_the_header_says(folder):
    new = weights.load(folder).generator
    points = latents.from_seeds(range(8), 8)
    assert np.array_equal(sampling.from_latents(new, points, Look(0.5)), sampling.faces(new, range(8), Look(0.5)))
    with_header(folder, "scale_latent", without=["mean_features"])
    old = weights.load(folder).generator
    assert np.array_equal(sampling.faces(old, range(8)), sampling.faces(new, range(8)))
    scaled = sampling.from_latents(new, points * np.float32(0.5))
    assert np.array_equal(sampling.faces(old, range(8), Look(0.5)), scaled)
    assert not np.array_equal(sampling.faces(new, range(8), Look(0.5)), scaled)


def test_saving_older_weights_again_changes_no_face(folder, tmp_path_factory):
    with_header(folder, "scale_latent", without=["mean_features"])
    old, again = weights.load(folder), tmp_path_factory.mktemp("again")
    weights.save(again, old.generator, old.discriminator, old.settings, {})
    assert np.array_equal(
        sampling.faces(weights.load(again).generator, range(8)), sampling.faces(old.generator, range(8))
    )


@pytest.mark.parametrize("variation", ["", "by_magic"])
def test_a_header_that_nobody_understands_is_refused(folder, variation):
    with_header(folder, variation)
    with pytest.raises(UserError, match="how variation works"):
        weights.load(folder)


def test_others_may_read_what_is_saved(folder):
    (folder / "plain").touch()
    assert {path.stat().st_mode for path in folder.iterdir()} == {(folder / "plain").stat().st_mode}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / weights.GENERATOR).mkdir()
    with pytest.raises(OSError):
        weights.save(tmp_path, Generator(SMALL), Discriminator(SMALL), SMALL, {})


def test_files_may_be_replaced_while_they_are_served(folder):
    """Copying over a file truncates it first: a process that has mapped it would be killed by SIGBUS."""
    weights.save_detector(folder, Detector(SMALL), SMALL, {})
    weights.save(folder, Generator(SMALL), Discriminator(SMALL), SMALL, {})
    code = """
import sys, torch
from pathlib import Path
from gan.model import sampling, weights
from gan.model.look import Look
folder = Path(sys.argv[1])
loaded, (detector, _, _) = weights.load(folder), weights.load_detector(folder)
pictures = torch.linspace(-1, 1, 2 * 3 * 16 * 16).view(2, 3, 16, 16)
def answer():
    judged = loaded.discriminator(pictures).tolist(), detector(pictures).tolist()
    print(sampling.faces(loaded.generator, range(4), Look(0.8)).tobytes().hex(), judged, flush=True)
answer()
for line in sys.stdin:
    answer()
"""
    words = [sys.executable, "-c", code, folder]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        before = process.stdout.readline()
        assert before
        for path in (folder / name for name in (weights.GENERATOR, weights.DISCRIMINATOR, weights.DETECTOR)):
            for content in (b"", b"\xff" * path.stat().st_size):
                path.write_bytes(content)  # in place, as `cp` does it
                process.stdin.write("again\n")
                process.stdin.flush()
                assert process.stdout.readline() == before, f"{path.name}: exit status {process.wait()}"
        process.stdin.close()
        assert process.wait() == 0


def test_the_id_is_that_of_what_is_loaded_whatever_happens_to_the_file(folder):
    """Another process keeps replacing the file while it is loaded: the result is one of both files, or a UserError."""
    weights.write_config(folder, {**weights.load_config(folder), "sha256": {}})  # the file must speak for itself
    files, faces = [(folder / weights.GENERATOR).read_bytes()], {}
    weights.save(folder, Generator(SMALL), Discriminator(SMALL), SMALL, {})
    files.append((folder / weights.GENERATOR).read_bytes())
    weights.write_config(folder, {**weights.load_config(folder), "sha256": {}})
    for content in files:
        (folder / weights.GENERATOR).write_bytes(content)
        loaded = weights.load_generator(folder)
        faces[loaded.generator_id] = sampling.faces(loaded.generator, [5]).tobytes()
    done = threading.Event()

    def replace():
        while not done.is_set():
            for content in files:
                with open(folder / weights.GENERATOR, "wb") as file:
                    for start in range(0, len(content), 1000):
                        file.write(content[start : start + 1000])
                        file.flush()

    thread = threading.Thread(target=replace)
    thread.start()
    outcomes = {"loaded": 0, "refused": 0}
    try:
        while min(outcomes.values()) < 5 and sum(outcomes.values()) < 5000:
            try:
                loaded = weights.load_generator(folder)
            except UserError:
                outcomes["refused"] += 1
                continue
            outcomes["loaded"] += 1
            if loaded.generator_id in faces:
                assert sampling.faces(loaded.generator, [5]).tobytes() == faces[loaded.generator_id]
    finally:
        done.set()
        thread.join()
    assert min(outcomes.values()) >= 5, outcomes


def test_a_generator_alone_makes_faces_and_cannot_be_trained(folder):
    expected = sampling.faces(weights.load(folder).generator, range(4))
    (folder / weights.DISCRIMINATOR).unlink()
    loaded = weights.load_generator(folder)
    assert loaded.discriminator is None and np.array_equal(sampling.faces(loaded.generator, range(4)), expected)
    with pytest.raises(UserError, match="holds only a generator, which can make faces but cannot be trained"):
        weights.load(folder)


def damaged(folder, name, content: bytes):
    (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", [weights.CONFIG, weights.GENERATOR, weights.DISCRIMINATOR])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        weights.load(folder)


@pytest.mark.parametrize("name", [weights.GENERATOR, weights.DISCRIMINATOR])
def test_an_lfs_pointer_is_recognised(folder, name):
    damaged(folder, name, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(UserError, match="git lfs pull"):
        weights.load(folder)


@pytest.mark.parametrize("cut", [0, 4, 100, -10])
def test_a_truncated_file_is_refused(folder, cut):
    damaged(folder, weights.GENERATOR, (folder / weights.GENERATOR).read_bytes()[:cut])
    with pytest.raises(UserError, match="damaged or cut short"):
        weights.load(folder)


def test_one_flipped_bit_is_noticed(folder):
    content = bytearray((folder / weights.GENERATOR).read_bytes())
    content[-1] ^= 1
    damaged(folder, weights.GENERATOR, bytes(content))
    with pytest.raises(UserError, match="not the file that config.json describes"):
        weights.load(folder)


def test_other_shapes_are_refused(folder, tmp_path_factory):
    other, settings = tmp_path_factory.mktemp("other"), ModelSettings(16, latent_dim=9, widths=(16, 8))
    weights.save(other, Generator(settings), Discriminator(settings), settings, {})
    damaged(folder, weights.GENERATOR, (other / weights.GENERATOR).read_bytes())
    with pytest.raises(UserError, match="project.weight differs"):
        weights.load(folder)


def test_an_absurdly_large_file_is_not_read(folder):
    with open(folder / weights.GENERATOR, "ab") as file:
        file.truncate(2**34)  # sparse: 16 GiB that take no space on the disk
    with pytest.raises(UserError, match="far larger"):
        weights.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(format=2),
        lambda c: c.pop("model"),
        lambda c: c["model"].update(resolution=100_000),
        lambda c: c["model"].update(latent_dim=10**9),
        lambda c: c["model"].update(widths="wide"),
        lambda c: c["model"].update(surprise=1),
        lambda c: c["model"].update(resolution="64"),
        lambda c: c["model"].update(skips="yes"),
    ],
)
def test_an_absurd_config_is_refused(folder, change):
    config = json.loads((folder / weights.CONFIG).read_text())
    change(config)
    (folder / weights.CONFIG).write_text(json.dumps(config))
    with pytest.raises(UserError, match="config"):
        weights.load(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe"])
def test_a_broken_config_is_refused(folder, content):
    damaged(folder, weights.CONFIG, content)
    with pytest.raises(UserError, match="config.json"):
        weights.load(folder)


def test_replacing_a_folder_leaves_nothing_behind(tmp_path):
    old, new = tmp_path / "weights", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    weights.replace_folder(new, old)
    assert (old / "name").read_text() == "new" and [path.name for path in tmp_path.iterdir()] == ["weights"]
