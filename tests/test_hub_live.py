"""The real huggingface.co, with a token that may write: SEEDFACES_LIVE_TOKEN=hf_… python -m pytest."""

import os
import subprocess
import sys

import pytest
from conftest import EMBEDDED, ROOT

ROUND_TRIP = """
import sys
from pathlib import Path
from huggingface_hub import HfApi
from gan import hub
from gan.serve.faces import FaceModel
folder, repo_id = Path(sys.argv[1]), f"{HfApi().whoami()['name']}/seedfaces-live-test"
try:
    hub.prepare(repo_id, private=True)
    commit = hub.push(folder, repo_id, "Live test")
    back = hub.pull(repo_id)
    assert back.name == commit
    for path in folder.iterdir():
        assert (back / path.name).read_bytes() == path.read_bytes(), path.name
    assert FaceModel.from_pretrained(repo_id, f"g-{FaceModel(folder).id}").id == FaceModel(folder).id
finally:
    HfApi().delete_repo(repo_id, missing_ok=True)
"""


@pytest.mark.skipif("SEEDFACES_LIVE_TOKEN" not in os.environ, reason="SEEDFACES_LIVE_TOKEN is not set")
def test_a_round_trip_over_the_real_hub(tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HF_ENDPOINT", "HF_HUB_DISABLE_XET")
    }
    environment |= {"HF_TOKEN": os.environ["SEEDFACES_LIVE_TOKEN"], "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP, EMBEDDED], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
