"""Whole runs in processes of their own, as a person starts them, accidents included."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, TINY
from PIL import Image, ImageSequence
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan.model import sampling, weights
from gan.train.generator import checkpoint
from gan.train.generator.log import read_metrics
from gan.train.measure import plots

STEPS = 24
LENGTH = [
    "--max_train_steps",
    STEPS,
    "--checkpointing_steps",
    6,
    "--logging_steps",
    3,
    "--sample_sheets",
    4,
    "--augment_probability",
    0.3,
]
TWO_PROCESSES = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def command(pictures, output, *more):
    return ["--train_data_dir", pictures, "--output_dir", output, *TINY, *LENGTH, *more]


def last_state(output) -> dict:
    return torch.load(checkpoint.found(output / "checkpoints")[-1], weights_only=True)


def assert_same(one, two, path="") -> None:
    """Bit for bit, all the way down."""
    assert type(one) is type(two), path
    if isinstance(one, dict):
        assert one.keys() == two.keys(), path
        for key in one:
            assert_same(one[key], two[key], f"{path}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two), path
        for index, pair in enumerate(zip(one, two)):
            assert_same(*pair, f"{path}[{index}]")
    else:
        assert torch.equal(one, two) if torch.is_tensor(one) else one == two, path


def assert_nothing_of_this_machine(folder) -> None:
    """No text in a weights folder contains a local path."""
    for name in ("config.json", "README.md", "LICENSE"):
        text = re.sub("<!--.*?-->", "", (folder / name).read_text())
        words = re.split(r"[\s\"'=]+", text)
        assert [word for word in words if word.startswith(("/", "~", ".."))] == [], name
        assert str(Path.home()) not in text


def durations(animation: Image.Image) -> list[int]:
    """How long each frame stays, in milliseconds."""
    stay = []
    for frame in ImageSequence.Iterator(animation):
        frame.load()  # only then it is known
        stay.append(frame.info["duration"])
    return stay


def rows(output) -> list[dict]:
    return [
        {k: v for k, v in json.loads(line).items() if k != "seconds"}
        for line in (output / "metrics.jsonl").read_text().splitlines()
    ]


def assert_same_end(output, undisturbed) -> None:
    assert_same(last_state(output)["training"], last_state(undisturbed)["training"])
    assert rows(output) == rows(undisturbed)
    for part in ("generator.safetensors", "discriminator.safetensors", "samples.png", "curves.png", "timeline.webp"):
        part = f"weights/{part}"
        assert (output / part).read_bytes() == (undisturbed / part).read_bytes(), part
    sheets = [sorted(path.name for path in (folder / "sheets").iterdir()) for folder in (output, undisturbed)]
    assert sheets[0] == sheets[1]
    assert not list(output.glob("weights.*")) and not list(output.rglob("*.tmp"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, pictures):
    """An undisturbed run, through `accelerate launch` as in the README."""
    output = tmp_path_factory.mktemp("runs") / "undisturbed"
    launch = [sys.executable, "-m", "accelerate.commands.launch", "train_accelerate.py"]
    words = [*launch, *command(pictures, output, "--store_dir", output.parent / "store", "--report_to", "tensorboard")]
    done = subprocess.run(
        [*map(str, words)],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (output.parent / "printed.txt").write_text(done.stdout)
    return output


def test_it_says_beforehand_what_will_happen(undisturbed):
    printed = (undisturbed.parent / "printed.txt").read_text()
    for words in (
        "40 pictures of 16 px",
        "6 held out",
        "generator 4,606 parameters",
        "discriminator 2,841;",
        "24 steps of 4 pictures at",
        "pictures a second: about",
        "disk: about",
        "ConvTranspose2d",
        "memorised",
    ):
        assert words in printed, words
    assert Image.open(undisturbed / "reals.png").size == (128, 80)  # all 40, eight in a row


def test_the_result_is_a_weights_folder(undisturbed, pictures):
    folder = undisturbed / "weights"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [
            "config.json",
            "generator.safetensors",
            "discriminator.safetensors",
            "samples.png",
            "curves.png",
            "timeline.webp",
            "README.md",
            "LICENSE",
        ]
    )
    loaded = weights.load(folder)
    assert loaded.config["training"]["steps"] == STEPS and loaded.config["training"]["pictures"] == STEPS * 4
    assert loaded.config["metrics"] == {}  # no feature network was given
    sheet = np.asarray(Image.open(folder / "samples.png"))
    assert sheet.shape == (128, 128, 3)
    assert np.array_equal(sheet[:16, 16:32], sampling.faces(loaded.generator, [1])[0])
    timeline = Image.open(folder / "timeline.webp")
    assert len(list((undisturbed / "sheets").iterdir())) == 5  # before the first step, and four more
    # WebP merges frames that look alike, as faces after so few steps do, and adds up how long they stay
    assert timeline.size == (64, 64) and timeline.n_frames >= 2
    assert sum(durations(timeline)) == 4 * 150 + 2000
    card = (folder / "README.md").read_text()
    assert f"generator {loaded.generator_id}" in card and f"pictures from {pictures.name};" in card
    assert "accelerate launch train_accelerate.py" in card and f"--output_dir {undisturbed.name}" in card
    assert_nothing_of_this_machine(folder)


def test_metrics_go_to_a_file_and_to_tensorboard(undisturbed):
    lines = rows(undisturbed)
    assert [line["step"] for line in lines] == list(range(3, STEPS + 1, 3))
    for line in lines:
        assert {"loss_generator", "loss_real", "loss_fake"} <= line.keys()
        assert all(0 <= line[f"accuracy_{side}"] <= 1 for side in ("real", "fake", "held_out"))
        assert line["overfitting"] is None or isinstance(line["overfitting"], float)
    assert [event.step for event in tensorboard(undisturbed, "loss_generator")] == [line["step"] for line in lines]
    assert tensorboard(undisturbed, "accuracy_real")[-1].value == pytest.approx(lines[-1]["accuracy_real"])


def tensorboard(output, name) -> list:
    events = EventAccumulator(str(output / "logs" / "tensorboard"))
    events.Reload()
    return events.Scalars(name)


def test_killed_again_and_again_a_run_ends_like_an_undisturbed_one(run, pictures, tmp_path, undisturbed):
    output = tmp_path / "killed"
    arguments = command(pictures, output, "--resume_from_checkpoint", "latest")
    for accident, step, begins, kept in (
        ("kill-between-the-two-steps", 3, "starting from the beginning", []),
        ("kill-between-the-renames", 12, "starting from the beginning", [6, 12]),
        ("kill-between-the-two-steps", 14, "Going on from step 12 of", [6, 12]),
        ("kill-while-saving", 18, "Going on from step 12 of", [6, 12]),
        ("kill-before-the-export", STEPS, "Going on from step 12 of", [18, 24]),  # the weights are those of step 18
    ):
        killed = run("tests/hooked_training.py", accident, step, *arguments)
        assert killed.returncode == -signal.SIGKILL and begins in killed.stdout, killed.stderr
        assert sorted(int(path.stem.split("-")[1]) for path in (output / "checkpoints").glob("*.pt")) == kept
    resumed = run("train_accelerate.py", *arguments)
    assert resumed.returncode == 0 and "Going on from step 24 of" in resumed.stdout, resumed.stderr
    assert_same_end(output, undisturbed)


def test_a_run_that_died_before_its_first_checkpoint_leaves_nothing_to_the_next(run, pictures, tmp_path, undisturbed):
    output = tmp_path / "twice"
    arguments = command(pictures, output, "--report_to", "tensorboard")
    dead = run(
        "tests/hooked_training.py", "kill-between-the-two-steps", 4, *arguments, "--init_from", undisturbed / "weights"
    )
    assert dead.returncode == -signal.SIGKILL and (output / "earlier-timeline.webp").exists(), dead.stderr
    (output / "sheets" / "step-00000023.png").write_bytes(b"of the dead run")
    done = run("train_accelerate.py", *arguments)
    assert done.returncode == 0, done.stderr
    assert_same_end(output, undisturbed)
    assert not (output / "earlier-timeline.webp").exists()
    assert [event.step for event in tensorboard(output, "loss_generator")] == [row["step"] for row in rows(output)]


def test_another_runs_checkpoint_is_refused_and_ones_own_comes_back(run, pictures, tmp_path, undisturbed):
    mine, other, backup = tmp_path / "mine", tmp_path / "other", tmp_path / "backup.pt"
    shutil.copytree(undisturbed, mine)
    shutil.copy(checkpoint.found(mine / "checkpoints")[0], backup)
    first = run("train_accelerate.py", *command(pictures, other, "--max_train_steps", 3))
    assert first.returncode == 0, first.stderr
    (foreign,) = checkpoint.found(other / "checkpoints")

    def files() -> dict:
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in mine.rglob("[!.]*") if path.is_file()}

    before = files()
    refused = run("train_accelerate.py", *command(pictures, mine, "--resume_from_checkpoint", foreign))
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert f"{mine} holds a run, and {foreign} is not known to be of that run: choose another" in refused.stderr
    assert files() == before
    back = run("train_accelerate.py", *command(pictures, mine, "--resume_from_checkpoint", backup))
    assert back.returncode == 0 and f"Going on from step 18 of {STEPS}" in back.stdout, back.stderr
    assert_same_end(mine, undisturbed)


def test_signals_save_and_leave(run, pictures, tmp_path, undisturbed):
    output = tmp_path / "stopped"
    arguments = command(pictures, output, "--resume_from_checkpoint", "latest", "--report_to", "tensorboard")
    for name, step in (("SIGTERM", 10), ("SIGINT", 15)):
        stopped = run("tests/hooked_training.py", name, step, *arguments)
        assert stopped.returncode == 128 + getattr(signal, name), stopped.stderr
        assert f"Stopped by {name} at step {step + 1} of 24, everything saved" in stopped.stdout
        assert last_state(output)["training"]["step"] == step + 1
        assert weights.load(output / "weights").config["training"]["steps"] == step + 1
        plots.save_curves(read_metrics(output / "metrics.jsonl"), tmp_path / "curves.png")  # not those of a minute ago
        assert (output / "weights" / "curves.png").read_bytes() == (tmp_path / "curves.png").read_bytes()
    resumed = run("train_accelerate.py", *arguments)
    assert resumed.returncode == 0, resumed.stderr
    assert_same(last_state(output)["training"], last_state(undisturbed)["training"])
    commands = weights.load(output / "weights").config["training"]["commands"]
    assert [part["from_step"] for part in commands] == [0, 11, 16] and "--resume_from" in commands[1]["command"]
    assert [event.step for event in tensorboard(output, "loss_generator")] == [row["step"] for row in rows(output)]


def test_a_checkpoint_alone_is_enough(run, pictures, tmp_path, undisturbed):
    last = next((undisturbed / "checkpoints").glob(f"*{STEPS}.pt"))
    done = run("train_accelerate.py", *command(pictures, tmp_path / "new", "--resume_from_checkpoint", last))
    assert done.returncode == 0, done.stderr
    assert weights.load(tmp_path / "new" / "weights").generator_id == weights.load(undisturbed / "weights").generator_id
    assert (tmp_path / "new" / "weights" / "timeline.webp").is_file()


def test_ending_the_launcher_saves_too(pictures, tmp_path):
    """`accelerate launch` passes no signal on; the run must notice that the launcher has ended."""
    output = tmp_path / "orphan"
    words = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "train_accelerate.py",
        *command(pictures, output, "--store_dir", tmp_path / "store", "--max_train_steps", 10**6),
    ]
    launcher = subprocess.Popen(
        [*map(str, words)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    wait_for(lambda: (output / "metrics.jsonl").exists() and len((output / "metrics.jsonl").read_text()) > 0)
    (training,) = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    launcher.terminate()
    assert launcher.wait(30) != 0
    wait_for(lambda: not running(training))
    step = last_state(output)["training"]["step"]
    assert step >= 3 and weights.load(output / "weights").config["training"]["steps"] == step


def running(pid: str) -> bool:
    """Whether a process is running; a zombie is not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(condition, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.mark.parametrize(
    "accident, words",
    [("nan", "loss_generator is not finite"), ("infinite-parameter", "a parameter of the generator is not finite")],
)
def test_numbers_that_are_not_finite_stop_the_run_and_spoil_no_weights(run, pictures, tmp_path, accident, words):
    output = tmp_path / "broken"
    # step 11 is the last before a checkpoint: what it breaks must not be saved
    broken = run("tests/hooked_training.py", accident, 11, *command(pictures, output))
    assert broken.returncode == 1
    assert words in broken.stderr and "Traceback" not in broken.stderr
    assert last_state(output)["training"]["step"] == 6
    loaded = weights.load(output / "weights")
    assert loaded.config["training"]["steps"] == 6
    assert all(torch.isfinite(value).all() for value in loaded.generator.state_dict().values())


def test_a_full_disk_is_one_sentence(run, pictures, tmp_path):
    """A limit on the size of files stands in for a full disk: the write fails in the same place."""
    output = tmp_path / "full"
    limited = ("bash", "-c", 'ulimit -f 100; exec "$0" "$@"', sys.executable)  # KiB; a checkpoint takes more
    full = run("train_accelerate.py", *command(pictures, output), launcher=limited)
    assert full.returncode == 1 and "Traceback" not in full.stderr
    assert "checkpoint of step 6 cannot be written" in full.stderr, full.stderr[-600:]
    assert "File too large" in full.stderr
    assert not list((output / "checkpoints").iterdir())
    limited = (*limited[:2], limited[2].replace("100", "1"), limited[3])  # not even the training pictures fit
    full = run("train_accelerate.py", *command(pictures, tmp_path / "fuller"), launcher=limited)
    assert full.returncode == 1 and "Traceback" not in full.stderr, full.stderr[-600:]
    assert re.match(r"Error: .*/fuller cannot be written at step 0 \(.*File too large\). Free some space", full.stderr)


def test_a_folder_that_cannot_be_written_is_refused_at_once(run, pictures, tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused = run("train_accelerate.py", *command(pictures, tmp_path / "file" / "out"))
    assert refused.returncode == 1 and "cannot be written (Not a directory)" in refused.stderr


def test_other_settings_and_a_used_folder_are_refused(run, pictures, tmp_path, undisturbed):
    other = run(
        "train_accelerate.py",
        *command(pictures, undisturbed, "--resume_from_checkpoint", "latest", "--seed", 7, "--learning_rate", 0.001),
    )
    assert other.returncode == 1 and "Traceback" not in other.stderr
    assert "learning_rate: 0.0008 there, 0.001 here; seed: 0 there, 7 here" in other.stderr
    used = run("train_accelerate.py", *command(pictures, undisturbed))
    assert used.returncode == 1 and "holds a run already" in used.stderr and "Traceback" not in used.stderr


def in_two(run, pictures, output, accident, step, recipe, batches, size, *more):
    """A run in two processes, each shown the 40 pictures in five steps, with what happens in step `step`."""
    arguments = command(
        pictures,
        output,
        "--recipe",
        recipe,
        "--gradient_accumulation_steps",
        batches,
        "--train_batch_size",
        size,
        "--max_train_steps",
        15,
        "--checkpointing_steps",
        6,
        "--sample_sheets",
        1,
        *more,
    )
    return run(
        "tests/hooked_training.py", accident, step, *arguments, launcher=TWO_PROCESSES, ACCELERATE_USE_CPU="true"
    )


@pytest.mark.parametrize("recipe, batches, size", [("modern", 2, 2), ("dcgan", 1, 4)])
def test_two_processes_share_the_work_end_alike_and_resume_bit_for_bit(run, pictures, tmp_path, recipe, batches, size):
    output = tmp_path / "two"
    done = in_two(run, pictures, output, "record", 0, recipe, batches, size)
    assert done.returncode == 0, done.stderr
    ranks = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("two-rank*.json"))]
    assert len(ranks) == 2 and ranks[0]["parameters"] == ranks[1]["parameters"]
    for epoch in range(3):
        seen = [picture for rank in ranks for picture in rank["seen"][epoch * 20 : (epoch + 1) * 20]]
        assert len(set(seen)) == 40
    assert len(rows(output)) == 5
    assert weights.load(output / "weights").config["training"]["processes"] == 2
    shown = f"Done: {output / 'weights'}. Look at the faces: SEEDFACES_MODEL={output} python app.py"
    assert done.stdout.count(shown) == 1 and done.stdout.count("pictures a second") == 1
    if recipe == "modern":
        stopped = in_two(run, pictures, tmp_path / "stopped", "SIGTERM", 7, recipe, batches, size)
        assert stopped.returncode != 0 and last_state(tmp_path / "stopped")["training"]["step"] == 10
        again = in_two(
            run,
            pictures,
            tmp_path / "stopped",
            "nothing",
            0,
            recipe,
            batches,
            size,
            "--resume_from_checkpoint",
            "latest",
        )
        assert again.returncode == 0, again.stderr
        assert_same(last_state(tmp_path / "stopped")["training"], last_state(output)["training"])


def test_the_other_process_waits_while_the_first_is_busy(run, pictures, tmp_path):
    """As when it measures: longer than PyTorch waits by default, which is 3 seconds here."""
    output = tmp_path / "busy"
    done = in_two(run, pictures, output, "first-process-busy", 12, "modern", 1, 4)
    assert done.returncode == 0, done.stderr
    assert last_state(output)["training"]["step"] == 15


@pytest.mark.parametrize(
    "options, asked",
    [
        (["--cpu", "--num_processes", "2"], "Several"),  # Accelerate starts one process, without a message
        # two trainings, both main
        (["--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--main_process_port", "0"], "2"),
    ],
)
def test_a_launcher_that_starts_another_number_is_refused(run, pictures, tmp_path, options, asked):
    launcher = (
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        *options,
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    )
    refused = run("train_accelerate.py", *command(pictures, tmp_path / "out"), launcher=launcher)
    assert refused.returncode != 0
    assert f"{asked} processes were asked for and 1 would train" in refused.stderr
    assert "ACCELERATE_USE_CPU=true accelerate launch --multi_gpu --num_processes 2" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_the_paper_recipe_and_a_measured_end(run, pictures, tmp_path):
    class Mean(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.float().mean([2, 3])

    torch.jit.script(Mean()).save(tmp_path / "features.pt")
    output = tmp_path / "paper"
    words = command(
        pictures,
        output,
        "--recipe",
        "dcgan",
        "--eval_features",
        tmp_path / "features.pt",
        "--eval_every",
        10,
        "--eval_samples",
        30,
    )
    words += ["--resume_from_checkpoint", "latest"]
    for accident in ("kill-while-measuring", "kill-before-a-measurement-is-saved"):
        killed = run("tests/hooked_training.py", accident, STEPS, *words)
        assert killed.returncode == -signal.SIGKILL and last_state(output)["training"]["step"] == STEPS
    done = run("train_accelerate.py", *words)
    assert done.returncode == 0, done.stderr
    measured = weights.load(output / "weights").config["metrics"]["frechet_distance"]
    assert measured["samples"] == 30 and "first 30 training pictures" in measured["reference"]
    assert (output / "weights" / "quality.png").exists() and "(quality.png)" in (
        output / "weights" / "README.md"
    ).read_text()
    assert [row["step"] for row in rows(output) if "frechet_distance" in row] == [10, 20, 24]
    plots.save_curves(rows(output), tmp_path / "curves.png")  # the last measurement is in them
    assert (output / "weights" / "curves.png").read_bytes() == (tmp_path / "curves.png").read_bytes()
    assert_nothing_of_this_machine(output / "weights")
    places = {path.name: path for path in (output / "weights", tmp_path / "features.pt", pictures)}
    typed = [places.get(word, word) for word in measured["command"].split()]
    again = run(*typed[1:], "--store_dir", tmp_path / "store")
    assert again.returncode == 0, again.stderr
    assert f"Fréchet distance {measured['value']:.2f}" in again.stdout


def test_a_run_that_starts_from_weights_and_grows_goes_on_without_them(run, undisturbed, pictures, tmp_path):
    source, output, whole = tmp_path / "source", tmp_path / "grown", tmp_path / "whole"
    shutil.copytree(undisturbed / "weights", source)
    grown = ["--resolution", 32, "--init_from", source]  # widths are those of the source
    stopped = run("tests/hooked_training.py", "SIGTERM", 7, *unsized(command(pictures, output, *grown)))
    assert stopped.returncode == 128 + signal.SIGTERM, stopped.stderr
    generator_id = weights.load(source).generator_id
    assert f"Starting from generator {generator_id} (16 px): " in stopped.stdout and "1 step grown" in stopped.stdout
    undisturbed_one = run("train_accelerate.py", *unsized(command(pictures, whole, *grown)))
    assert undisturbed_one.returncode == 0, undisturbed_one.stderr
    source.rename(tmp_path / "moved")
    resumed = command(pictures, output, "--resolution", 32, "--resume_from_checkpoint", "latest")
    done = run("train_accelerate.py", *unsized(resumed))
    assert done.returncode == 0 and "Starting from" not in done.stdout, done.stderr
    assert_same(last_state(output)["training"], last_state(whole)["training"])
    loaded = weights.load(output / "weights")
    assert loaded.settings.channels == (16, 8, 8)
    assert loaded.config["training"]["started_from"]["generator"] == generator_id
    assert f"**Started from:** generator {generator_id}, " in (output / "weights" / "README.md").read_text()
    assert_nothing_of_this_machine(output / "weights")
    timeline = tmp_path / "moved" / "timeline.webp"
    assert (output / "earlier-timeline.webp").read_bytes() == timeline.read_bytes()
    assert Image.open(output / "weights" / "timeline.webp").size == (128, 128)


def unsized(words: list) -> list:
    """A command without the widths of TINY."""
    at = words.index("--widths")
    return [*words[:at], *words[at + 3 :]]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--train_data_dir", "/nowhere"], "is not a folder"),
        ([], "Say what to train on"),
        (["--train_data_dir", ".", "--init_from", "."], "config.json is missing"),
        (["--train_data_dir", ".", "--eval_features", "/nowhere.pt"], "does not exist"),
        (["--resolution", "8"], "from 16 to 1024"),
        (["--dataset_name", "nobody/nothing"], "nobody/nothing"),
    ],
)
def test_mistakes_get_one_sentence(run, tmp_path, arguments, words):
    done = run("train_accelerate.py", "--output_dir", tmp_path / "out", *arguments, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert words in done.stderr and "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error")]) == 1
    assert not (tmp_path / "out").exists()
