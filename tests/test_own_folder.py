"""Uploads and downloads lie in a folder of the page alone, and nothing stays there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from gan.serve import own_folder

WAITS = "from gan.serve.own_folder import *; print(use_own_folder(), flush=True); input()"


def started(around: Path) -> tuple[subprocess.Popen, Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS],
        cwd=ROOT,
        env={**os.environ, "GRADIO_TEMP_DIR": str(around)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, Path(process.stdout.readline().strip())


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return own_folder.use_own_folder()


def test_nobody_else_may_read_it(own, tmp_path):
    assert own.parent == tmp_path and own.stat().st_mode & 0o077 == 0 and os.environ["GRADIO_TEMP_DIR"] == str(own)


def test_what_a_killed_page_leaves_is_removed_by_the_next(tmp_path):
    (tmp_path / "another program").mkdir(parents=True)
    killed, left = started(tmp_path)
    (left / "digest").mkdir()
    (left / "digest" / "face.png").write_bytes(b"x")
    lives, kept = started(tmp_path)
    assert left.exists() and kept.exists()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    third, _ = started(tmp_path)
    assert not left.exists() and kept.exists() and (tmp_path / "another program").exists()
    for process in (lives, third):
        process.kill()
        process.communicate()


def test_only_what_is_old_is_swept(tmp_path):
    own = tmp_path / "own"  # no thread sweeps it meanwhile
    own.mkdir()
    for name in ("in-use", "tmpabc", "digest/old.png", "other/old.png", "other/new.png"):
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).write_bytes(b"x")
    (own / "empty").mkdir()
    old = time.time() - own_folder.SECONDS - 1
    for name in ("tmpabc", "digest/old.png", "other/old.png", "empty", "in-use"):
        os.utime(own / name, (old, old))
    own_folder.sweep(own)
    os.utime(own / "digest", (old, old))
    own_folder.sweep(own)
    assert sorted(str(path.relative_to(own)) for path in own.rglob("*")) == ["in-use", "other", "other/new.png"]
