"""What the Gradio page and the static page have in common: their style, and words that both say."""

from pathlib import Path


def part(name: str) -> str:
    """The text of a file in this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
