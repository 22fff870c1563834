"""A fact, and how it is written: one sentence for a page or a terminal, Markdown for a model card."""

from typing import NamedTuple


class Fact(NamedTuple):
    """One thing that is known of a network."""

    name: str
    sentence: str  # the figures
    meaning: str = ""  # how to read them, for places with room
    table: tuple[tuple[str, ...], ...] = ()  # rows of text, the header first


def plain(fact: Fact) -> str:
    """The sentence, and the table written out as text."""
    header, *rows = fact.table or ((),)
    written = [f"{row[0]}: {', '.join(f'{name} {value}' for name, value in zip(header[1:], row[1:]))}" for row in rows]
    return " ".join(filter(None, [fact.sentence, "; ".join(written)]))


def as_markdown(fact: Fact) -> str:
    """Name, sentence, meaning and table as Markdown."""
    words = " ".join(filter(None, [f"**{fact.name}:**", fact.sentence, fact.meaning]))
    return "\n\n".join(filter(None, [words, markdown_table(fact.table)]))


def markdown_table(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of text, the header first, as a Markdown table; "" without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) if rows else ""
