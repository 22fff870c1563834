import shutil

import pytest
from accelerate import PartialState

from gan import UserError
from gan.train.generator import checkpoint
from gan.train.generator.folder import RunFolder
from gan.train.generator.start import find_checkpoint


def save(folder: RunFolder, step: int, run: str | None) -> None:
    folder.path.mkdir(exist_ok=True)
    state = {"training": {"step": step}, "identity": {}}
    checkpoint.save(folder.checkpoints, state | ({"run": run} if run else {}))


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "mine")


def elsewhere(tmp_path, run: str | None) -> checkpoint.Checkpoint:
    """A checkpoint in a folder of its own."""
    other = RunFolder(tmp_path / f"other-{run}")
    save(other, 7, run)
    return checkpoint.load(other.checkpoints, "latest")


def test_an_empty_folder_takes_any_checkpoint(folder, tmp_path):
    folder.path.mkdir()
    folder.metrics.touch()  # a run that died before its first line
    folder.require_own(elsewhere(tmp_path, "a"))
    folder.require_own(elsewhere(tmp_path, None))
    assert not folder.holds_run()


def test_a_folder_takes_copies_of_its_own_runs_checkpoints_alone(folder, tmp_path):
    save(folder, 9, "a")
    folder.require_own(elsewhere(tmp_path, "a"))
    for other in ("b", None):
        with pytest.raises(UserError, match="mine holds a run, and .*other-.* is not known to be of that run: choose"):
            folder.require_own(elsewhere(tmp_path, other))


def test_what_lies_in_the_folder_is_its_own_also_without_an_id(folder, tmp_path, monkeypatch):
    save(folder, 9, None)
    folder.require_own(checkpoint.load(folder.checkpoints, "latest"))
    monkeypatch.chdir(folder.checkpoints)
    folder.require_own(checkpoint.load(folder.checkpoints, "checkpoint-00000009.pt"))
    with pytest.raises(UserError, match="is not known"):
        folder.require_own(elsewhere(tmp_path, None))


def test_a_damaged_checkpoint_claims_nothing(folder, tmp_path):
    for step in (8, 9):
        save(folder, step, "a")
    (folder.checkpoints / "checkpoint-00000009.pt").write_bytes(b"half")
    folder.require_own(elsewhere(tmp_path, "a"))
    (folder.checkpoints / "checkpoint-00000008.pt").unlink()
    with pytest.raises(UserError, match="is not known"):
        folder.require_own(elsewhere(tmp_path, "a"))


def test_another_runs_checkpoint_is_refused_wherever_it_lies(folder, tmp_path):
    """Also where somebody has copied it into this run's own folder."""
    save(folder, 9, "a")
    for name in ("other.pt", "checkpoint-00000012.pt"):
        shutil.copy(elsewhere(tmp_path, "b").path, folder.checkpoints / name)
        chosen = checkpoint.load(folder.checkpoints, str(folder.checkpoints / name))
        with pytest.raises(UserError, match="is not known to be of that run"):
            folder.require_own(chosen)
        (folder.checkpoints / name).unlink()
    folder.require_own(checkpoint.load(folder.checkpoints, "latest"))


@pytest.mark.parametrize("wanted", [None, "latest"])
def test_weights_whose_checkpoints_are_gone_are_not_overwritten(folder, wanted):
    PartialState()
    folder.path.mkdir()
    folder.metrics.write_text("{}\n")  # a run that died before its first checkpoint may be started again
    assert find_checkpoint(folder, wanted, main=True) is None
    folder.weights.mkdir()
    with pytest.raises(UserError, match="weights holds the weights of a run whose checkpoints are gone"):
        find_checkpoint(folder, wanted, main=True)


@pytest.mark.parametrize("left", ["metrics.jsonl", "sheets/step-00000000.png", "weights/config.json"])
def test_a_run_that_has_left_no_checkpoint_is_a_run(folder, tmp_path, left):
    (folder.path / left).parent.mkdir(parents=True)
    (folder.path / left).write_text("{}\n")
    with pytest.raises(UserError, match="mine holds a run"):
        folder.require_own(elsewhere(tmp_path, "a"))


def test_a_folder_takes_one_run_at_a_time(folder):
    folder.path.mkdir()
    first = folder.take()
    with pytest.raises(UserError, match=r"Another run is writing to .*mine: wait for its end, or choose another"):
        RunFolder(folder.path).take()
    del first
    assert RunFolder(folder.path).take()


def test_a_run_that_comes_second_removes_nothing(folder, tmp_path):
    """Both have found no folder; the first has made one, and the second is refused."""
    with pytest.raises(UserError, match="Another run"), folder.unless_refused(tmp_path / "store"):
        folder.path.mkdir()
        first = RunFolder(folder.path).take()
        folder.reals.touch()
        folder.take()
    assert first.is_locked and folder.reals.exists()


def test_what_is_of_later_steps_or_another_run_is_removed(folder):
    sheets = [folder.sheet(step) for step in (0, 3, 6)]
    sheets[0].parent.mkdir(parents=True)
    for path in (*sheets, folder.earlier_timeline):
        path.touch()
    folder.pushed.mkdir()  # killed while it pushed
    folder.remove_after(3, keep_earlier_timeline=True)
    assert folder.sheets() == sheets[:2] and folder.earlier_timeline.exists() and not folder.pushed.exists()
    folder.remove_after(0, keep_earlier_timeline=False)
    assert folder.sheets() == sheets[:1] and not folder.earlier_timeline.exists()
    shutil.rmtree(sheets[0].parent)
    folder.remove_after(0, keep_earlier_timeline=False)  # nothing there


@pytest.mark.parametrize("accident", [UserError("no pictures"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_refused_run_leaves_no_folder_and_touches_none_that_was_there(tmp_path, accident):
    def refused(path) -> None:
        with pytest.raises(type(accident)), RunFolder(path).unless_refused(tmp_path / "store"):
            path.mkdir(parents=True, exist_ok=True)
            (path / "reals.png").touch()
            raise accident

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").touch()
    for path in (tmp_path / "a" / "b", tmp_path / "there" / "c" / "d", tmp_path / "there"):
        refused(path)
        assert {each.name for each in tmp_path.rglob("*")} - {"reals.png"} == {"there", "mine.txt"}
    with pytest.raises(type(accident)), RunFolder(tmp_path / "drive").unless_refused(tmp_path / "drive" / "store"):
        (tmp_path / "drive" / "store").mkdir(parents=True)  # of decoded pictures, which the next run goes on with
        raise accident
    assert (tmp_path / "drive" / "store").is_dir()
    with RunFolder(tmp_path / "a" / "b").unless_refused(tmp_path / "store"):
        (tmp_path / "a" / "b").mkdir(parents=True)
    assert (tmp_path / "a" / "b").is_dir()
