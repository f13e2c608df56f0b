"""Whether a measurement was disturbed: a short loop on each core, against the least time it ever took.

Cores of rented machines share their execution units with a neighbour's; loops then take up to 1.9 times as long, for parts of a
second or for minutes, and algorithms lose by different factors. Nothing in /proc tells.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# The loop's time repeats within a per cent; a neighbour costs it 70 to 90 (2026-11-27, Zen 4).
DISTURBED = 1.1


class Quiet:
    """Tells whether all cores this process may use are its own. They must be of one kind."""

    def __init__(self, probes: int = 40) -> None:
        # A load, a table's and a store for each byte, in C: what the interpreter does differs from moment to moment by itself.
        self.data = bytes(range(256)) * 128
        self.table = bytes(reversed(range(256)))
        self.best = float("inf")
        for _ in range(probes):
            self.probe()

    def probe(self) -> bool:
        """Whether nobody else computes on our cores now; always yes where a process cannot choose its core (macOS)."""
        if not hasattr(os, "sched_setaffinity"):
            return True
        cores = os.sched_getaffinity(0)
        times = [self.least_time(core) for core in cores]
        os.sched_setaffinity(0, cores)
        self.best = min(self.best, *times)
        return max(times) <= DISTURBED * self.best

    def least_time(self, core: int) -> float:
        os.sched_setaffinity(0, {core})
        least = float("inf")
        for _ in range(8):
            start = time.perf_counter()
            self.data.translate(self.table)
            least = min(least, time.perf_counter() - start)
        return least

    def measure(self, run: Callable[[], Result], patience: float) -> tuple[Result, bool]:
        """What `run` gives between two probes that are quiet, or after `patience` seconds whatever it gives; and which of both."""
        end = time.monotonic() + patience
        while True:
            while not (is_quiet := self.probe()) and time.monotonic() < end:
                time.sleep(0.02)
            result = run()
            is_quiet = is_quiet and self.probe()
            if is_quiet or time.monotonic() >= end:
                return result, is_quiet
