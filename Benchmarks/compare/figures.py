"""What was measured, what it may be at most, and the rounds that it comes from."""

import dataclasses
import statistics
from collections.abc import Sequence

#: A bound counts as held within 3 %: what two runs of the same program differ by.
TOLERANCE = 1.03


@dataclasses.dataclass
class Figure:
    """One figure of the check; without a bound it is for information."""

    scenario: str
    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    #: Exact figures (counts, sizes with room to spare) have no tolerance.
    tolerance: float = TOLERANCE
    #: A greater bound that holds where the document explains the difference.
    fallback: float | None = None

    @property
    def held(self) -> bool:
        return self.verdict != "MISSED"

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        if self.value <= self.bound * self.tolerance:
            return "held"
        if self.fallback is not None and self.value <= self.fallback:
            return f"held: at most {self.fallback:.2f} with its breakdown in docs/performance.md"
        return "MISSED"

    def line(self) -> str:
        value = f"{self.scenario:13} {self.name:52} {self.value:9.{self.digits}f} {self.unit:5}"
        if self.bound is None:
            return value
        return f"{value} at most {self.bound:9.{self.digits}f}  {self.verdict}"

    @property
    def digits(self) -> int:
        """After the point: enough to tell the value from its bound."""
        return 4 if self.bound is not None and self.bound < 0.1 else 2

    def document(self) -> dict:
        return {**dataclasses.asdict(self), "held": self.held, "verdict": self.verdict,
                "digits": self.digits}


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of rounds: each of ours with the one measured next to it."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
