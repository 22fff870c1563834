"""How the networks are used: faces without a page, links, and the page."""

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"  # the embedded weights, a folder for each generator
DEFAULT = "faces-128"  # the one of them that is used where none is named
