"""The ratios, drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "fftconv"  # the same file for the same numbers

import matplotlib.pyplot as pyplot
from grid import GRID, LABELS, PASSES
from matplotlib.ticker import LogLocator, NullFormatter
from report import Comparison


def draw(comparisons: list[Comparison], path: Path) -> None:
    """One panel for each pass: horizontal bars of best peer's time / ours, with a mark at what is required."""
    problems = [text for text in GRID if any(c.problem == text for c in comparisons)][::-1]
    passes = [name for name in PASSES if any(c.pass_name == name for c in comparisons)]
    figure, panels = pyplot.subplots(
        1, len(passes), sharey=True, squeeze=False, layout="constrained",
        figsize=(3.2 + 3.2 * len(passes), 1.2 + 0.24 * len(problems)),
    )
    for panel, pass_name in zip(panels[0], passes):
        for comparison in comparisons:
            if comparison.pass_name != pass_name or comparison.ratio is None:
                continue
            row = problems.index(comparison.problem)
            ratio = comparison.ratio
            # From 1 to the right where we are faster, to the left where a peer is.
            panel.barh(row, ratio - 1, left=1, height=0.7, color="#2a7f62" if ratio >= 1 else "#c1553b")
            if comparison.required is not None:
                panel.plot([comparison.required] * 2, [row - 0.45, row + 0.45], color="black", linewidth=1.5)
        panel.set_xscale("log")
        panel.set_title(LABELS[pass_name])
        panel.axvline(1, color="black", linewidth=0.8)
        panel.grid(axis="x", which="major", color="#dddddd")
        panel.set_axisbelow(True)
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.tick_params(axis="x", labelsize=7)
    panels[0][0].set_yticks(range(len(problems)), problems, fontsize=8)
    panels[0][0].set_ylim(-0.6, len(problems) - 0.4)
    figure.supxlabel("best peer's time / ours (2 threads, f32; black mark: required)", fontsize=9)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
