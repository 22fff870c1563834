"""Uses of the networks: faces and verdicts without a page, and the page."""

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"  # the embedded weights, a folder for each generator
DEFAULT = "faces-128"  # the folder that is used by default
