"""What an attack has found: a line of the table of `benchmarks/faults.py`."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """One line: what was done how often, how it ended, and which promises were broken."""

    attack: str  # what was done, for the first column
    ends: Counter = field(default_factory=Counter)  # how the tries ended: {"refused in one sentence": 9_120}
    broken: list[str] = field(default_factory=list)  # one entry for each try that broke a promise: how to repeat it
    note: str = ""  # a figure beside the counts, such as the largest memory

    @property
    def tries(self) -> int:
        return self.ends.total()


def times(count: int, share: float) -> int:
    """How many tries a share of the full count is; at least one."""
    return max(1, round(count * share))
