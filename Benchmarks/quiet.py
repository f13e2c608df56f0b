"""Whether a measurement was disturbed: a short loop on each core, and a word sent from core to core and back, against the least
time each ever took.

Cores of rented machines share their execution units with a neighbour's; loops then take up to 1.9 times as long, for parts of a
second or for minutes, and algorithms lose by different factors. And for seconds or minutes two cores may be far from each other:
what one has written reaches the other 6 to 10 times as late. Nothing in /proc tells.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# The loop's time repeats within a per cent; a neighbour costs it 70 to 90 (2026-11-27, Zen 4).
DISTURBED = 1.1
# A word's way there and back: 0.22 to 0.26 us between loops of the interpreter, of which 0.06 are the cores'; 0.3 to 0.9 us more if
# they are far from each other (2026-11-27, Zen 4).
FAR = 1.6


class Quiet:
    """Tells whether all cores this process may use are its own, and the first two near each other. They must be of one kind."""

    def __init__(self, probes: int = 40) -> None:
        # A load, a table's and a store for each byte, in C: what the interpreter does differs from moment to moment by itself.
        self.data = bytes(range(256)) * 128
        self.table = bytes(reversed(range(256)))
        self.best = float("inf")
        self.best_trip = float("inf")
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
        trip = self.least_trip(cores)
        self.best_trip = min(self.best_trip, trip)
        return max(times) <= DISTURBED * self.best and trip <= FAR * self.best_trip

    def least_time(self, core: int) -> float:
        os.sched_setaffinity(0, {core})
        least = float("inf")
        for _ in range(8):
            start = time.perf_counter()
            self.data.translate(self.table)
            least = min(least, time.perf_counter() - start)
        return least

    @staticmethod
    def least_trip(cores: set[int], rounds: int = 6, trips: int = 200) -> float:
        """Seconds that a word takes from one core to another and back; 0 where there is one core."""
        if len(cores) < 2:
            return 0.0
        here, there = sorted(cores)[:2]
        question, answer, end = 0, 64, 128  # a cache line each
        with mmap.mmap(-1, 192) as shared:
            parent = os.getpid()
            child = os.fork()
            if child == 0:
                try:
                    os.sched_setaffinity(0, {there})
                    seen = idle = 0
                    while not shared[end]:
                        idle += 1
                        if shared[question] != seen:
                            shared[answer] = seen = shared[question]
                            idle = 0
                        elif idle % 100_000 == 0 and os.getppid() != parent:
                            break
                finally:
                    os._exit(0)
            least, word = float("inf"), 0
            try:
                os.sched_setaffinity(0, {here})
                for _ in range(rounds):
                    start = time.perf_counter()
                    for _ in range(trips):
                        word = word % 255 + 1
                        shared[question] = word
                        while shared[answer] != word:
                            pass
                    least = min(least, (time.perf_counter() - start) / trips)
            finally:
                shared[end] = 1
                os.waitpid(child, 0)
                os.sched_setaffinity(0, cores)
        return least

    def wait(self, patience: float) -> bool:
        """Returns when nobody disturbs, or after so many seconds; and which of both."""
        end = time.monotonic() + patience
        while not (is_quiet := self.probe()) and time.monotonic() < end:
            time.sleep(0.02)
        return is_quiet

    def measure(self, run: Callable[[], Result], patience: float) -> tuple[Result, bool]:
        """What `run` gives between two probes that are quiet, or after `patience` seconds whatever it gives; and which of both."""
        end = time.monotonic() + patience
        while True:
            is_quiet = self.wait(end - time.monotonic())
            result = run()
            is_quiet = is_quiet and self.probe()
            if is_quiet or time.monotonic() >= end:
                return result, is_quiet
