"""The libraries that are compared with: how each computes a pass, and which passes it is asked for.

Each call does what a user of the library would write, on arrays made before, with the result allocated by the library
(OpenCV writes into a given one). "Convolution" is cross-correlation: a flipped array is a view and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import cv2
import fft_conv_pytorch
import numpy as np
import scipy.fft
import scipy.signal
import torch
from grid import Problem

THREADS = 2

# A direct sum in PyTorch runs at least at this many multiplications a second; what would take longer than the limit is
# not tried, nor what would unfold an input into more than this many bytes (it falls back to that where oneDNN refuses).
DIRECT_RATE = 1.5e9
DIRECT_LIMIT = 15.0
UNFOLD_LIMIT = 3 << 30
# fft_conv_pytorch keeps about a dozen spectra of all inputs and filters: at most this many elements each.
SPECTRA_LIMIT = 15_000_000


@dataclass(frozen=True)
class Operands:
    """One problem's arrays, f32, contiguous."""

    x: np.ndarray
    w: np.ndarray
    dy: np.ndarray

    @classmethod
    def random(cls, problem: Problem) -> Operands:
        generator = np.random.default_rng(1)

        def uniform(shape: tuple[int, ...]) -> np.ndarray:
            return generator.random(shape, dtype=np.float32) * 2 - 1

        return cls(uniform(problem.input_shape), uniform(problem.filter_shape), uniform(problem.output_shape))


@dataclass(frozen=True)
class Peer:
    """One library's way to compute one pass: `call` returns an array with the result's elements."""

    library: str
    call: Callable[[], np.ndarray | torch.Tensor]


def set_threads() -> None:
    """Two threads for everything; OMP_NUM_THREADS is set by the caller before the libraries load."""
    torch.set_num_threads(THREADS)
    cv2.setNumThreads(THREADS)


def peers(problem: Problem, pass_name: str, operands: Operands, wide: bool) -> list[Peer]:
    """The peers of one pass; `wide` asks SciPy for depthwise layers too, and fft_conv_pytorch's autograd."""
    found = _torch(problem, pass_name, operands)
    if problem.is_single_field or (wide and problem.is_depthwise):
        found += _scipy(problem, pass_name, operands)
    if pass_name == "forward" and problem.is_single_field and len(problem.input) == 2:
        found.append(_opencv(problem, operands))
    spectra = max(prod(problem.input_shape), prod(problem.filter_shape[:2]) * prod(problem.input))
    if spectra <= SPECTRA_LIMIT and (pass_name == "forward" or wide):
        found.append(_fft_conv(problem, pass_name, operands))
    return found


def _torch(problem: Problem, pass_name: str, operands: Operands) -> list[Peer]:
    unfolded = 4 * prod(problem.output_shape) * prod(problem.filter) * problem.channels // problem.filters
    if problem.multiplications / DIRECT_RATE > DIRECT_LIMIT:
        return []
    if problem.is_single_field and unfolded > UNFOLD_LIMIT:
        return []
    x, w, dy = map(torch.from_numpy, (operands.x, operands.w, operands.dy))
    axes = len(problem.input)
    ones, zeros = [1] * axes, [0] * axes
    if pass_name == "forward":
        convolve = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[axes - 1]
        return [Peer("torch", lambda: convolve(x, w, padding=problem.padding, groups=problem.groups))]
    # What autograd calls, for the one gradient that is asked for; torch.nn.grad is a wrapper of the same function.
    mask = [pass_name == "input-gradient", pass_name == "filter-gradient", False]

    def gradient() -> torch.Tensor:
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, ones, list(problem.padding), ones, False, zeros, problem.groups, mask
        )[mask.index(True)]

    return [Peer("torch", gradient)]


def _scipy(problem: Problem, pass_name: str, operands: Operands) -> list[Peer]:
    """Convolutions over the spatial axes; filters `[K, 1, …]` are seen as `[1, K, …]`."""
    axes = tuple(range(2, 2 + len(problem.input)))
    x, dy = operands.x, operands.dy
    w = operands.w.reshape(1, problem.filters, *problem.filter)
    spatial = (slice(None), slice(None))
    flip = spatial + (slice(None, None, -1),) * len(axes)

    def cut(before: tuple[int, ...], extents: tuple[int, ...]) -> tuple[slice, ...]:
        return spatial + tuple(slice(b, b + e) for b, e in zip(before, extents))

    is_padded = any(problem.padding)
    reach = tuple(f - 1 - p for f, p in zip(problem.filter, problem.padding))
    if pass_name == "forward":
        first, second, mode = x, w[flip], "full" if is_padded else "valid"
        window = cut(reach, problem.output) if is_padded else ...
    elif pass_name == "input-gradient":
        first, second, mode = dy, w, "full"
        window = cut(problem.padding, problem.input)
    else:
        first, second, mode = x, dy[flip], "full" if is_padded else "valid"
        window = cut(tuple(o - 1 - p for o, p in zip(problem.output, problem.padding)), problem.filter)
        window = window if is_padded else ...

    def with_workers(convolve: Callable[..., np.ndarray]) -> Callable[[], np.ndarray]:
        def call() -> np.ndarray:
            with scipy.fft.set_workers(THREADS):
                result = convolve(first, second, mode=mode, axes=axes)[window]
                return result.sum(axis=0) if pass_name == "filter-gradient" and problem.batch > 1 else result

        return call

    return [
        Peer("scipy", with_workers(scipy.signal.fftconvolve)),
        Peer("scipy", with_workers(scipy.signal.oaconvolve)),
    ]


def _opencv(problem: Problem, operands: Operands) -> Peer:
    """filter2D always computes as many outputs as inputs, with zeros around them; a valid result is cut out of it."""
    image, kernel = operands.x[0, 0], operands.w[0, 0]
    whole = np.empty_like(image)
    anchor = tuple(extent // 2 for extent in problem.filter)
    window = tuple(slice(a - p, a - p + o) for a, p, o in zip(anchor, problem.padding, problem.output))

    def call() -> np.ndarray:
        cv2.filter2D(image, cv2.CV_32F, kernel, dst=whole, anchor=anchor[::-1], borderType=cv2.BORDER_CONSTANT)
        return whole[window]

    return Peer("cv2", call)


def _fft_conv(problem: Problem, pass_name: str, operands: Operands) -> Peer:
    x, w, dy = map(torch.from_numpy, (operands.x, operands.w, operands.dy))

    def convolve(signal: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        return fft_conv_pytorch.fft_conv(signal, kernel, padding=problem.padding, groups=problem.groups)

    if pass_name == "forward":
        return Peer("fft_conv_pytorch", lambda: convolve(x, w))

    def gradient() -> torch.Tensor:
        # Autograd has no gradient without the forward pass: both are timed.
        wanted = (x if pass_name == "input-gradient" else w).detach().requires_grad_()
        result = convolve(wanted, w) if pass_name == "input-gradient" else convolve(x, wanted)
        return torch.autograd.grad(result, wanted, dy)[0]

    return Peer("fft_conv_pytorch", gradient)
