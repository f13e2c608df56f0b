"""What a comparison found, and its tables."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from grid import LABELS, PASSES, PREPARED, required_ratio

# A whole call, and one with a filter made ready before.
OURS = ("ours", "prepared")
LIBRARIES = ("torch", "scipy", "cv2", "fft_conv_pytorch")


@dataclass
class Comparison:
    """One pass of one problem."""

    problem: str
    pass_name: str
    algorithm: str = ""
    # For each library the minimum of each round, in milliseconds; of several ways, the one with the least of all.
    minima: dict[str, list[float]] = field(default_factory=dict)
    # For each library the largest difference from ours, relative to the largest element.
    differences: dict[str, float] = field(default_factory=dict)
    # Libraries that differ from ours by more than the tolerance, and are not timed.
    disagreements: list[str] = field(default_factory=list)
    # Libraries that raise an error, with its first line.
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, library: str, minima: list[float]) -> None:
        if library not in self.minima or min(minima) < min(self.minima[library]):
            self.minima[library] = minima

    def best(self, library: str) -> float | None:
        """Minimum of all rounds."""
        return min(self.minima[library]) if library in self.minima else None

    @property
    def best_peer(self) -> str | None:
        timed = [library for library in self.minima if library not in OURS]
        return min(timed, key=lambda library: min(self.minima[library]), default=None)

    @property
    def ratio(self) -> float | None:
        """Best peer's time / ours: minima of all rounds."""
        peer = self.best_peer
        return min(self.minima[peer]) / min(self.minima["ours"]) if peer else None

    @property
    def median_ratio(self) -> float | None:
        """The same of the medians of the rounds' minima."""
        peer = self.best_peer
        return statistics.median(self.minima[peer]) / statistics.median(self.minima["ours"]) if peer else None

    @property
    def prepared_ratio(self) -> float | None:
        """Best peer's time / ours with a filter made ready before: minima of all rounds."""
        peer = self.best_peer
        return min(self.minima[peer]) / min(self.minima["prepared"]) if peer and "prepared" in self.minima else None

    @property
    def required(self) -> float | None:
        return required_ratio(self.problem, self.pass_name)

    @property
    def is_reached(self) -> bool | None:
        return None if self.required is None or self.ratio is None else self.ratio >= self.required

    @property
    def is_prepared_reached(self) -> bool | None:
        required = PREPARED.get(self.problem)
        return None if required is None or self.prepared_ratio is None else self.prepared_ratio >= required

    def summary(self) -> str:
        """One line for people who wait."""
        times = ", ".join(f"{library} {_time(min(minima))}" for library, minima in self.minima.items())
        parts = [f"{self.problem} {LABELS[self.pass_name]}: {times} ms"]
        if self.ratio is not None:
            parts.append(f"ratio {_ratio(self.ratio)}{_verdict(self.is_reached)}")
        if self.prepared_ratio is not None:
            parts.append(f"prepared {_ratio(self.prepared_ratio)}{_verdict(self.is_prepared_reached)}")
        parts += [f"{library} DISAGREES by {self.differences[library]:.1e}" for library in self.disagreements]
        parts += [f"{library} failed: {error}" for library, error in self.failures.items()]
        return "; ".join(parts)

    def as_json(self) -> dict[str, object]:
        return {
            "problem": self.problem, "pass": self.pass_name, "algorithm": self.algorithm, "round_minima_ms": self.minima,
            "differences": self.differences, "disagreements": self.disagreements, "failures": self.failures,
            "best_peer": self.best_peer,
            "ratio": self.ratio, "median_ratio": self.median_ratio, "required": self.required,
            "prepared_ratio": self.prepared_ratio,
        }


def document(comparisons: list[Comparison], machine: dict[str, str]) -> str:
    """Machine and one table for each pass, in Markdown."""
    lines = ["# Comparison with other libraries", ""]
    lines += [f"- {key}: {value}" for key, value in machine.items()]
    lines += [
        "",
        "Times are milliseconds, the minimum over all rounds; *ratio* is the best peer's time divided by ours, *of"
        " medians* the same of the medians of the rounds' minima, and *required* what the project promises.",
    ]
    for pass_name in PASSES:
        chosen = [comparison for comparison in comparisons if comparison.pass_name == pass_name]
        if chosen:
            lines += ["", f"## {LABELS[pass_name]}", "", *_table(chosen)]
    prepared = [comparison for comparison in comparisons if comparison.prepared_ratio is not None]
    if prepared:
        lines += ["", "## forward, filter prepared", "", *_prepared_table(prepared)]
    verdicts = [v for c in comparisons for v in (c.is_reached, c.is_prepared_reached) if v is not None]
    if verdicts:
        lines += ["", f"Required ratios reached: {sum(verdicts)} of {len(verdicts)}."]
    behind = [c for c in comparisons if c.ratio is not None and c.ratio < 1]
    lines += ["", f"Passes in which a peer is faster: {len(behind)} of {len(comparisons)}."]
    lines += [
        f"Failed: {c.problem} {LABELS[c.pass_name]}: {library}: {error}"
        for c in comparisons for library, error in c.failures.items()
    ]
    disagreeing = [c for c in comparisons if c.disagreements]
    lines += [
        f"DISAGREES: {c.problem} {LABELS[c.pass_name]}: {library} by {c.differences[library]:.1e}"
        for c in disagreeing for library in c.disagreements
    ]
    return "\n".join(lines) + "\n"


def _table(comparisons: list[Comparison]) -> list[str]:
    libraries = [library for library in LIBRARIES if any(library in c.minima for c in comparisons)]
    header = ["problem", "ours", *libraries, "best peer", "ratio", "of medians", "required", ""]
    lines = [_row(header), _row(["---"] + ["---:"] * (1 + len(libraries)) + ["---", "---:", "---:", "---:", "---"])]
    for comparison in comparisons:
        times = [comparison.best(library) for library in ("ours", *libraries)]
        required = comparison.required
        lines.append(_row([
            f"`{comparison.problem}`", *(_time(time) for time in times), comparison.best_peer or "",
            _ratio(comparison.ratio), _ratio(comparison.median_ratio), f"{required:g}" if required else "",
            _verdict(comparison.is_reached).strip(),
        ]))
    return lines


def _prepared_table(comparisons: list[Comparison]) -> list[str]:
    lines = [
        _row(["problem", "prepared", "best peer", "ratio", "required", ""]), _row(["---"] + ["---:"] * 4 + ["---"]),
    ]
    for comparison in comparisons:
        peer = comparison.best_peer
        lines.append(_row([
            f"`{comparison.problem}`", _time(comparison.best("prepared")), _time(comparison.best(peer) if peer else None),
            _ratio(comparison.prepared_ratio), f"{PREPARED[comparison.problem]:g}",
            _verdict(comparison.is_prepared_reached).strip(),
        ]))
    return lines


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _time(milliseconds: float | None) -> str:
    """Three digits."""
    if milliseconds is None:
        return ""
    digits = 3 if milliseconds < 1 else 2 if milliseconds < 10 else 1 if milliseconds < 100 else 0
    return f"{milliseconds:.{digits}f}"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}"


def _verdict(is_reached: bool | None) -> str:
    return {None: "", True: " ✓", False: " ✗"}[is_reached]
