"""A 64-bit perceptual hash: pictures that look alike have hashes that differ in few bits.

The picture is reduced to 32×32 grey values, a two-dimensional cosine transform is taken, and each
of the 64 lowest frequencies after the constant one gives a bit: whether it is above their median.
The idea is the DCT hash of Zauner (Implementation and Benchmarking of Perceptual Image Hash
Functions, diploma thesis, Hagenberg 2010), with the constant left out, as it is a bit that never
changes.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.pictures.load import SIDEWAYS, opened, turn_of

Grey = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

#: Pixels of the thumbnail on which near duplicates are confirmed; the hash is taken from half.
THUMBNAIL = 64

_SIDE = 32


def _cosines() -> Floats:
    """Return the orthonormal DCT-II, shape (32, 32), float32.

    After Ahmed, Natarajan and Rao, IEEE Transactions on Computers C-23, 1974.
    """
    frequency, place = np.mgrid[0:_SIDE, 0:_SIDE]
    matrix: npt.NDArray[np.float64] = np.cos(
        np.pi * (2 * place + 1) * frequency / (2 * _SIDE)
    ) * np.sqrt(2 / _SIDE)
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def _lowest() -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the 64 lowest frequencies but (0, 0), by their sum, then row."""
    places = [(row, total - row) for total in range(1, 12) for row in range(total + 1)]
    rows, columns = np.array(places[:64]).T
    return rows, columns


#: Orthonormal DCT-II: frequencies by places, shape (32, 32).
COSINES = _cosines()
_ROWS, _COLUMNS = _lowest()
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a picture looks like.

    Attributes
    ----------
    hash : int
        64 bits.
    thumbnail : ndarray of shape (64, 64), uint8
        Grey values, the whole picture squeezed into a square.
    pixels : tuple of (int, int)
        Width and height of the picture as shown, its EXIF orientation applied.
    """

    hash: int
    thumbnail: Grey
    pixels: tuple[int, int]


def fingerprint(source: Path | bytes, *, name: str = "") -> Fingerprint:
    """Read a picture as small as its format allows and hash it.

    A JPEG is decoded at an eighth of its size where that is enough, so that the work is bound by
    entropy decoding. The EXIF orientation is applied: a picture saved turned is still the same.

    Raises
    ------
    LocalError
        The file cannot be read.
    TransferError
        It is not a whole picture.
    """
    with opened(source, name=name) as image:
        size, turn = image.size, turn_of(image)
        image.draft("L", (THUMBNAIL, THUMBNAIL))
        small = _reduced(image)
        thumbnail = np.asarray(small if turn is None else small.transpose(turn))
    return Fingerprint(hash_grey(thumbnail), thumbnail, size[::-1] if turn in SIDEWAYS else size)


def _reduced(image: Image.Image) -> Image.Image:
    """Return 64×64 grey; transparent pixels count as white."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        span = float(values.max() - values.min()) or 1.0
        image = Image.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8))
    elif image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    grey = image if image.mode == "L" else image.convert("L")
    return grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX, reducing_gap=2.0)


def hash_grey(thumbnail: Grey) -> int:
    """Return the hash of a thumbnail.

    Parameters
    ----------
    thumbnail : ndarray of shape (64, 64), uint8
        Grey values.

    Returns
    -------
    int
        64 bits, the lowest frequency in the lowest bit; 0 for a picture of one grey value.
    """
    means = thumbnail.reshape(_SIDE, 2, _SIDE, 2).astype(np.float32).mean(axis=(1, 3))
    return int(packed(margins_of(spectrum(means)[None]))[0])


def reduced(grey: Grey, side: int) -> Grey:
    """Return thumbnails of shape (…, S, S) as the means of their blocks, (…, side, side)."""
    block = grey.shape[-1] // side
    blocks = grey.reshape(*grey.shape[:-2], side, block, side, block)
    small: Grey = np.rint(blocks.mean(axis=(-3, -1), dtype=np.float32)).astype(np.uint8)
    return small


def spectrum(values: Floats) -> Floats:
    """Return the cosine transform of grey values, both of shape (32, 32)."""
    return np.asarray(COSINES @ values @ COSINES.T, np.float32)


def margins_of(spectra: Floats) -> Floats:
    """Return by how much each bit of hashes is set, (n, 64), of spectra of shape (n, 32, 32)."""
    lowest = spectra[:, _ROWS, _COLUMNS]
    # Rounding must not draw bits out of a picture that has no detail at all.
    lowest[np.abs(lowest) < 1e-3] = 0
    # The median by hand: np.median takes as long as the transform for so few values.
    middle = np.sort(lowest, axis=1)[:, 31:33].mean(axis=1)
    return np.asarray(lowest - middle[:, None], np.float32)


def packed(margins: Floats) -> Hashes:
    """Return the hashes whose bits are set where a margin is above zero."""
    bits = np.where(margins > 0, _BITS, np.uint64(0))
    return np.asarray(np.bitwise_or.reduce(bits, axis=1), np.uint64)


def distance(one: int, other: int) -> int:
    """Return in how many bits two hashes differ.

    >>> distance(0b1011, 0b0010)
    2
    """
    return (one ^ other).bit_count()


def digest_pixels(source: Path | bytes) -> str:
    """Return a SHA-256 of the size and the RGB pixels of a picture, fully decoded and upright.

    Raises
    ------
    LocalError, TransferError
        As `fingerprint`.
    """
    with opened(source) as image:
        turn = turn_of(image)
        colours = image.convert("RGB")
        upright = colours if turn is None else colours.transpose(turn)
        digest = sha256(f"{upright.width}x{upright.height};".encode())
        digest.update(upright.tobytes())
    return digest.hexdigest()
