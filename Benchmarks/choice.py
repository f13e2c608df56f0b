"""How good the choice of a method is: random problems, every candidate measured, and what `auto` lost against the best.

usage: choice.py --tool PATH-TO-FFTCONV [--problems 100] [--threads 2] [--seed 1] [--repeats 3]
                 [--patience 5] [--out FILE.md] [--json FILE]

Each problem counts three times, once a pass. The candidates and their times are those of `fftconv explain --measure`, which
runs all of them but those predicted to take over a second; of several such runs each candidate's least time counts. A run that
was disturbed by a neighbour (`quiet.py`) is made again, for `--patience` seconds; 0 takes what comes. `--json` keeps all times.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import random
import re
import subprocess
from dataclasses import dataclass

from quiet import Quiet

LINE = re.compile(r"^(?P<taken>[* ]) (?P<name>.*): predicted (?P<predicted>[\d.e+-]+) ms, measured (?P<measured>[\d.e+-]+) ms")
PASSES = ("fwd", "dx", "dw")
LIMIT = 1.5e9  # multiplications of direct sums


@dataclass
class Outcome:
    problem: str
    kind: str
    taken: tuple[str, float, float]  # name, predicted, measured
    best: tuple[str, float, float]
    is_quiet: bool  # whether one of its runs was undisturbed

    @property
    def loss(self) -> float:
        return self.taken[2] / self.best[2]

    @property
    def prediction(self) -> float:
        return self.taken[1] / self.taken[2]


def between(rng: random.Random, least: float, most: float) -> int:
    """Log-uniform."""
    return round(math.exp(rng.uniform(math.log(least), math.log(most))))


def draw(rng: random.Random) -> tuple[str, str]:
    """A kind and a problem text."""
    while True:
        kind = rng.choice(["picture", "depthwise", "dense", "dense", "signal", "volume", "strided"])
        n = c = k = groups = 1
        same = rng.random() < 0.5
        stride = 1
        if kind == "picture":
            extents, taps = [between(rng, 48, 1200)] * 2, [between(rng, 1.6, 60)] * 2
        elif kind == "depthwise":
            n, c = between(rng, 1, 8), between(rng, 8, 256)
            k = groups = c
            extents, taps = [between(rng, 7, 112)] * 2, [between(rng, 2, 41)] * 2
        elif kind in ("dense", "strided"):
            n, c, k = between(rng, 1, 8), between(rng, 3, 192), between(rng, 4, 192)
            extents, taps = [between(rng, 7, 112)] * 2, [between(rng, 1, 13)] * 2
            stride = 2 if kind == "strided" else 1
        elif kind == "signal":
            extents, taps = [between(rng, 1000, 1_000_000)], [between(rng, 3, 3000)]
        else:
            extents, taps = [between(rng, 16, 80)] * 3, [between(rng, 2, 11)] * 3
        taps = [t | 1 for t in taps]
        if any(t > e for t, e in zip(taps, extents)):
            continue
        outputs = math.prod((e if same else e - t + 1) // stride for e, t in zip(extents, taps))
        if outputs < 1 or n * k * (c // groups) * outputs * math.prod(taps) > LIMIT:
            continue
        text = (f"n{n}" if n > 1 else "") + (f"c{c}" if c > 1 else "")
        text += "i" + "x".join(map(str, extents)) + "_" + (f"k{k}" if k > 1 else "") + "f" + "x".join(map(str, taps))
        text += (f"_s{stride}" if stride > 1 else "") + ("_psame" if same else "") + (f"_g{groups}" if groups > 1 else "")
        return kind, text


def candidates(tool: str, problem: str, threads: int) -> dict[str, tuple[bool, float, float]]:
    """Of every candidate by its name: whether it is taken, its predicted and its measured time."""
    output = subprocess.run(
        [tool, "explain", problem, "--measure", "--threads", str(threads)], capture_output=True, text=True, check=True
    ).stdout
    matches = [match for match in map(LINE.match, output.splitlines()) if match]
    return {m["name"]: (m["taken"] == "*", float(m["predicted"]), float(m["measured"])) for m in matches}


def measure(
    tool: str, problem: str, kind: str, threads: int, repeats: int, quiet: Quiet, patience: float
) -> tuple[Outcome, dict[str, object]]:
    measured = [quiet.measure(lambda: candidates(tool, problem, threads), patience) for _ in range(repeats)]
    # Disturbed runs count where there is no other.
    runs = [run for run, is_quiet in measured if is_quiet] or [run for run, _ in measured]
    least = [
        (is_taken, (name, predicted, min(run[name][2] for run in runs if name in run)))
        for name, (is_taken, predicted, _) in runs[0].items()
    ]
    taken = [candidate for is_taken, candidate in least if is_taken]
    if not taken:
        raise RuntimeError(f"{problem}: no candidate was taken")
    best = min((c for _, c in least), key=lambda c: c[2])
    is_quiet = any(is_quiet for _, is_quiet in measured)
    return Outcome(problem, kind, taken[0], best, is_quiet), {"undisturbed": is_quiet, "runs": runs}


def share(values: list[float], limit: float) -> str:
    return f"{100 * sum(v <= limit for v in values) / max(len(values), 1):.1f} %"


def report(outcomes: list[Outcome], arguments: argparse.Namespace, version: str) -> str:
    lines = [
        "# How good the choice is",
        "",
        f"`Benchmarks/choice.py --problems {arguments.problems} --threads {arguments.threads} --seed {arguments.seed} --repeats {arguments.repeats} "
        f"--patience {arguments.patience:g}`, {version}: {len(outcomes)} random passes, {sum(o.is_quiet for o in outcomes)} of them measured undisturbed. "
        "Every candidate was measured by `fftconv explain --measure`; its least time of all undisturbed repeats counts. *Loss* is the time of the one that `auto`",
        "takes over that of the best; *prediction* is predicted over measured time of the one taken. The best is the luckiest of up to nine",
        "measured candidates, so that even a perfect choice would lose some per cent by noise.",
        "",
        "| kind | passes | loss ≤ 1.1 | ≤ 1.25 | ≤ 1.5 | worst | prediction within 1.25 | within 1.5 | its mean, factor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    kinds = sorted({o.kind for o in outcomes})
    for kind in [*kinds, "all"]:
        chosen = [o for o in outcomes if kind in (o.kind, "all")]
        losses = [o.loss for o in chosen]
        errors = [abs(math.log(o.prediction)) for o in chosen]
        mean = math.exp(math.sqrt(sum(e * e for e in errors) / max(len(errors), 1)))
        lines.append(
            f"| {kind} | {len(chosen)} | {share(losses, 1.1)} | {share(losses, 1.25)} | {share(losses, 1.5)} | {max(losses):.2f} "
            f"| {share(errors, math.log(1.25))} | {share(errors, math.log(1.5))} | {mean:.2f} |"
        )
    lines += ["", "The ten largest losses:", "", "| problem | taken | ms | best | ms | loss |", "|---|---|---|---|---|---|"]
    for o in sorted(outcomes, key=lambda o: -o.loss)[:10]:
        lines.append(f"| `{o.problem}` | {o.taken[0]} | {o.taken[2]:.3g} | {o.best[0]} | {o.best[2]:.3g} | {o.loss:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--patience", type=float, default=5)
    parser.add_argument("--out")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    quiet = Quiet()
    outcomes, times = [], {}
    for _ in range(arguments.problems):
        kind, text = draw(rng)
        for suffix in PASSES:
            outcome, times[f"{text}_{suffix}"] = measure(
                arguments.tool, f"{text}_{suffix}", kind, arguments.threads, arguments.repeats, quiet, arguments.patience
            )
            outcomes.append(outcome)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(times, file)
    page = report(outcomes, arguments, datetime.date.today().isoformat())
    print(page)
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            file.write(page)


if __name__ == "__main__":
    main()
