#!/usr/bin/env python3
"""Compares fftconv with other libraries on the public grid, interleaved in one run; see Benchmarks/README.md.

For each problem and pass: all results are compared, then R rounds are timed, and in each round every candidate in turn. With
--patience a round begins when no neighbour disturbs (../quiet.py), or after so many seconds.
"""

from __future__ import annotations

import os

# Before any library starts its threads.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "2"

import argparse
import datetime
import itertools
import json
import re
import sys
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import cv2
import machine
import numpy as np
import plot
import report
import torch
from grid import GRID, PASSES, PREPARED, Problem
from ours import Bench, compute
from peers import Operands, Peer, peers, set_threads
from quiet import Quiet
from report import OURS, Comparison

# Largest difference of two results in f32, relative to the largest element. Ours keeps its bound (Docs/Mathematics.md);
# long direct sums of other libraries do not, so this is what they need.
TOLERANCE = 1e-4
# A call that takes longer is timed in at most this many rounds, once in each and without a warm-up.
SLOW_CALL = 2.0
SLOW_ROUNDS = 2
# Run whatever they take, but for such calls: one alone says nothing where a neighbour disturbs it.
LEAST_ROUNDS = 3


class Candidate:
    """A peer with its times: the minimum of each round, in seconds."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.minima: list[float] = []
        self.estimate = 0.0

    def check(self, expected: np.ndarray) -> float:
        """The largest difference from our result, relative to its largest element. Also the first warm-up."""
        start = time.perf_counter()
        result = self.peer.call()
        self.estimate = time.perf_counter() - start
        array = result.detach().numpy() if isinstance(result, torch.Tensor) else result
        difference = np.abs(array.reshape(expected.shape) - expected).max()
        return float(difference / max(np.abs(expected).max(), np.finfo(np.float32).tiny))

    @property
    def is_slow(self) -> bool:
        return self.estimate > SLOW_CALL

    def measure(self, minimum_time: float) -> None:
        """As `fftconv bench` measures: a warm-up call, then three at least, repeated for the minimum time."""
        if self.is_slow:
            self.minima.append(self._time_call())
            return
        self._time_call()
        times: list[float] = []
        while len(times) < 3 or sum(times) < minimum_time:
            times.append(self._time_call())
        self.minima.append(min(times))

    def _time_call(self) -> float:
        start = time.perf_counter()
        self.peer.call()
        return time.perf_counter() - start


def compare(
    problem: Problem, pass_name: str, arguments: argparse.Namespace, seconds: float, quiet: Quiet | None
) -> Comparison:
    """Checks and times one pass of one problem, within about this many seconds."""
    deadline = time.monotonic() + seconds
    operands = Operands.random(problem)
    expected = compute(arguments.tool, problem, pass_name, operands, arguments.method)
    comparison = Comparison(problem.text, pass_name)
    candidates: list[Candidate] = []
    for peer in peers(problem, pass_name, operands, arguments.wide):
        candidate = Candidate(peer)
        try:
            difference = candidate.check(expected)
        except (RuntimeError, ValueError, MemoryError, cv2.error) as error:
            comparison.failures[peer.library] = str(error).strip().splitlines()[0]
            continue
        comparison.differences[peer.library] = max(difference, comparison.differences.get(peer.library, 0.0))
        if difference <= TOLERANCE:
            candidates.append(candidate)
        else:
            comparison.disagreements.append(peer.library)

    prepares = [False, True] if pass_name == "forward" and problem.text in PREPARED else [False]
    with ExitStack() as stack:
        benches = [
            stack.enter_context(
                Bench(arguments.tool, problem, pass_name, arguments.method, arguments.min_time, prepares=prepared)
            )
            for prepared in prepares
        ]
        for bench in benches:
            bench.measure()  # plans and warms up
        ours: list[list[dict[str, object]]] = [[] for _ in benches]
        for index in range(arguments.rounds):
            if index >= LEAST_ROUNDS and time.monotonic() > deadline:
                break
            if quiet:
                quiet.wait(arguments.patience)
            for bench, results in zip(benches, ours):
                results.append(bench.measure())
            for candidate in candidates:
                if candidate.is_slow and (index >= SLOW_ROUNDS or (index > 0 and time.monotonic() > deadline)):
                    continue
                candidate.measure(arguments.min_time)

    comparison.algorithm = str(ours[0][0]["algorithm"])
    for name, results in zip(OURS, ours):
        comparison.add(name, [float(str(one["minimum_ms"])) for one in results])
    for candidate in candidates:
        comparison.add(candidate.peer.library, [1000 * time for time in candidate.minima])
    return comparison


def arguments() -> argparse.Namespace:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, default=root / ".build/release/fftconv", help="the fftconv to measure")
    parser.add_argument("--problems", default="", metavar="REGEX", help="only grid problems it is found in")
    parser.add_argument("--required", action="store_true", help="only problems with a required ratio")
    parser.add_argument("--passes", nargs="+", choices=PASSES, default=PASSES)
    parser.add_argument("--method", choices=("auto", "fft", "direct"), default="auto", help="of ours")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds of each candidate in each round")
    parser.add_argument("--patience", type=float, default=0, help="seconds that each round may wait for quiet cores")
    parser.add_argument("--budget", type=float, default=90, help="seconds for one problem; some rounds are always run")
    parser.add_argument("--wide", action="store_true", help="more peers: see peers.py")
    parser.add_argument("--out", type=Path, default=root / "Benchmarks/results", help="folder for table, JSON, picture")
    parsed = parser.parse_args()
    if not parsed.tool.is_file():
        parser.error(f"{parsed.tool} is not there: swift build -c release")
    if parsed.rounds < 1:
        parser.error("--rounds must be at least 1")
    return parsed


def main() -> int:
    options = arguments()
    set_threads()
    warnings.filterwarnings("ignore", module="fft_conv_pytorch")  # it indexes in a way that PyTorch deprecates
    texts = [
        text for text, required in GRID.items()
        if re.search(options.problems, text) and (required or not options.required)
    ]
    if not texts:
        print(f"error: --problems: no problem of the grid matches '{options.problems}'", file=sys.stderr)
        return 2
    started = datetime.datetime.now(datetime.timezone.utc)
    name = started.strftime("%Y-%m-%dT%H%M%S")
    options.out.mkdir(parents=True, exist_ok=True)
    description = machine.describe(started, options.method, options.rounds, options.min_time, options.patience)

    quiet = Quiet() if options.patience > 0 else None
    comparisons: list[Comparison] = []
    with open(options.out / f"{name}.jsonl", "w", encoding="utf-8") as lines:
        print(json.dumps({"machine": description}), file=lines, flush=True)
        try:
            for text, pass_name in itertools.product(texts, options.passes):
                share = options.budget / len(options.passes)
                comparison = compare(Problem.parse(text), pass_name, options, share, quiet)
                comparisons.append(comparison)
                print(json.dumps(comparison.as_json()), file=lines, flush=True)
                print(comparison.summary(), file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            description["interrupted"] = f"after {len(comparisons)} of {len(texts) * len(options.passes)} passes"

    document = report.document(comparisons, description)
    (options.out / f"{name}.md").write_text(document, encoding="utf-8")
    plot.draw(comparisons, options.out / f"{name}.svg")
    print(document)
    print(f"Written: {options.out / name}.md, .jsonl, .svg", file=sys.stderr)
    return 1 if any(comparison.disagreements for comparison in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
