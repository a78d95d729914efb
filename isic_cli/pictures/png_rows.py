"""Read the rows of a grey PNG without Pillow, which takes twice as long and twice the memory."""

import zlib
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from isic_cli.pictures.png import GRAY, PngHeader, chunks

Bytes = npt.NDArray[np.uint8]

_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
_ZERO = np.zeros(1, np.uint8)
#: Steps of one byte for each row, up to which this is faster than Pillow.
_MOST_STEPS = 12


def grey_rows(data: bytes, header: PngHeader, *, fast: bool | None = None) -> Bytes | None:
    """Return the pixels of a grey PNG of 1 or 8 bits, or None where Pillow should read it.

    Parameters
    ----------
    data : bytes
        The file, checked by `check_png`.
    fast : bool, optional
        Whether to inflate with imagecodecs; by default where it is installed.

    Returns
    -------
    pixels : ndarray of shape (H, W), uint8
        0 and 255 of one bit.
    """
    if header.colour != GRAY or header.depth not in {1, 8} or header.interlaced:
        return None
    width = (header.width * header.depth + 7) // 8
    packed = b"".join(body for kind, body in chunks(data, "") if kind == b"IDAT")
    raw = _inflated(packed, header.height * (width + 1), fast=fast)
    if raw is None:
        return None
    lines = np.frombuffer(raw, np.uint8).reshape(header.height, width + 1)
    rows = _unfiltered(lines)
    if rows is None or header.depth == 8:
        return rows
    return np.unpackbits(rows, axis=1, count=header.width) * np.uint8(255)


def _inflated(packed: bytes, size: int, *, fast: bool | None) -> bytes | None:
    """Return so many bytes out of a zlib stream; None if there are others."""
    if (
        find_spec("imagecodecs") is not None if fast is None else fast
    ):  # libdeflate, on a mask twenty times as fast
        imagecodecs = import_module("imagecodecs")
        try:
            raw = bytes(imagecodecs.deflate_decode(packed, out=size))
        except (RuntimeError, ValueError):
            return None
    else:
        stream = zlib.decompressobj()
        try:
            raw = stream.decompress(packed, size + 1)
        except zlib.error:
            return None
        if not stream.eof:
            return None
    return raw if len(raw) == size else None


def _unfiltered(lines: Bytes) -> Bytes | None:
    """Undo the filters of PNG, section 9, of one byte for each pixel or less.

    Parameters
    ----------
    lines : ndarray of shape (H, 1 + bytes), uint8
        The number of each row's filter, then its bytes.
    """
    filters, rows = lines[:, 0].tolist(), lines[:, 1:].copy()
    if max(filters) > _PAETH:
        return None
    above, left = np.zeros(rows.shape[1], np.uint8), _MOST_STEPS * len(rows)
    for row, one in zip(rows, filters, strict=True):
        if one == _SUB:
            np.add.accumulate(row, out=row)
        elif one == _UP:
            np.add(row, above, out=row)
        elif one != _NONE:
            left -= _step_by_step(row, above, one)
            if left < 0:
                return None
        above = row
    return rows


def _step_by_step(row: Bytes, above: Bytes, kind: int) -> int:
    """Undo the filters that need the byte to the left, in place; return how many steps it took.

    Where nothing is added and the row above does not change, a byte of Paeth's is the one to the
    left: a mask has a few steps in a row.
    """
    corner = np.concatenate([_ZERO, above[:-1]])
    at = np.arange(len(row)) if kind == _AVERAGE else np.flatnonzero((above != corner) | (row > 0))
    values, left = [0], 0
    for value, up, before in zip(*(one[at].tolist() for one in (row, above, corner)), strict=True):
        guess = (left + up) // 2 if kind == _AVERAGE else _paeth(left, up, before)
        left = (value + guess) & 0xFF
        values.append(left)
    row[:] = np.repeat(np.array(values, np.uint8), np.diff(at, prepend=0, append=len(row)))
    return len(at)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))  # the first of equals
