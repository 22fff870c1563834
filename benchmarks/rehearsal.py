"""How fast a training command is here: every run rehearses before its first step, and says so."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def steps_in(minutes: float, words: list) -> int:
    """How many steps of `python train_accelerate.py WORDS` fit, one at least, into the minutes."""
    with tempfile.TemporaryDirectory() as output:
        said = subprocess.run(
            [sys.executable, "train_accelerate.py", *map(str, words), "--max_train_steps", "1", "--output_dir", output],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    batch, rate = re.search(r"steps of (\d+) pictures at ([\d,]+) pictures a second", said).groups()
    return max(1, round(minutes * 60 * int(rate.replace(",", "")) / int(batch)))
