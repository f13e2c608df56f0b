"""The tool of this repository: results through .npy files, times through a long-lived `fftconv bench`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
from grid import Problem
from peers import THREADS, Operands


def compute(tool: Path, problem: Problem, pass_name: str, operands: Operands, method: str) -> np.ndarray:
    """One result, as a user of the command line gets it."""
    first = operands.dy if pass_name == "input-gradient" else operands.x
    second = operands.dy if pass_name == "filter-gradient" else operands.w
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("first.npy", "second.npy", "result.npy")]
        np.save(paths[0], first)
        np.save(paths[1], second)
        command = [str(tool), pass_name, paths[0], paths[1], "-o", paths[2]]
        command += ["--method", method, "--threads", str(THREADS), "--groups", str(problem.groups)]
        command += ["--padding", ",".join(map(str, problem.padding))]
        if pass_name == "input-gradient":
            command += ["--input-shape", ",".join(map(str, problem.input_shape))]
        if pass_name == "filter-gradient":
            command += ["--filter-shape", ",".join(map(str, problem.filter_shape))]
        subprocess.run(command, check=True)
        return np.load(paths[2])


class Bench:
    """`fftconv bench --on-request`: plans once and measures when asked, so that others can be measured in between.

    Its threads sleep while it waits.
    """

    def __init__(
        self, tool: Path, problem: Problem, pass_name: str, method: str, minimum_time: float, *, prepares: bool = False
    ) -> None:
        command = [str(tool), "bench", problem.text, "--pass", pass_name, "--method", method]
        command += ["--threads", str(THREADS), "--min-time", str(minimum_time), "--on-request"]
        command += ["--prepared-filter"] if prepares else []
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def measure(self) -> dict[str, object]:
        """One measurement: after a warm-up call three calls at least, repeated for the minimum time."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"fftconv bench ended with status {self._process.wait()}")
        return json.loads(line)
