"""What was measured on, and with which versions. Says nothing about whose machine it is."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from peers import THREADS


def describe(
    started: datetime.datetime, method: str, rounds: int, minimum_time: float, patience: float
) -> dict[str, str]:
    """Everything a reader needs to judge the times, by name."""
    packages = ("torch", "scipy", "numpy", "opencv-python-headless", "fft-conv-pytorch")
    return {
        "date": started.strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{_system()} on {platform.machine()}",
        "versions": ", ".join([f"Python {platform.python_version()}"] + [f"{name} {version(name)}" for name in packages]),
        "fftconv": _fftw(),
        "measured": f"{THREADS} threads, f32, method {method}, {rounds} rounds, {minimum_time:g} s a candidate and round"
        + (f", up to {patience:g} s of waiting for quiet cores before each round" if patience > 0 else ""),
    }


def _run(*command: str) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _commit() -> str:
    commit = _run("git", "rev-parse", "--short=12", "HEAD") or "unknown"
    return commit + (" with changes" if _run("git", "status", "--porcelain", "--untracked-files=no") else "")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return _run("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or "unknown"

    def value(key: str) -> str:
        match = re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE)
        return match.group(1) if match else "?"

    # A virtual machine's model name says little; family and model do.
    sets = [name for name in ("avx2", "avx512f") if name in value("flags").split()]
    return f"{value('model name')} (family {value('cpu family')}, model {value('model')}; {', '.join(sets) or 'no AVX2'})"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _fftw() -> str:
    found = _run("pkg-config", "--modversion", "fftw3f")
    swift = re.search(r"Swift version (\S+)", _run("swift", "--version"))
    return f"release build, Swift {swift.group(1) if swift else '?'}, FFTW {found or '?'}"
