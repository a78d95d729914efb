"""Copies that `isic dataset dedupe` finds, beside the hashes of imagehash and imagededup.

    python benchmarks/dedupe.py FOLDER…
    python benchmarks/dedupe.py --hashes 1000000

Each picture is copied in every way of `COPIES`; a row counts the pictures whose copy is found and
the groups of different pictures. The demo's pictures are there after
`isic --archive demo image download --all FOLDER`. For the other tools, those that are installed, a
copy is found when their hashes differ in at most 10 of 64 bits, the default of imagededup. The
process exits with 1 when a figure of `ASKED` is missed. `--hashes` searches so many random ones
for near pairs, 14 of each picture, by the function that `dedupe` calls.
"""

import io
import math
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from isic_cli.curation.duplicates import DISTANCE, ComparedPicture, find_duplicates, parse_method
from isic_cli.curation.matching import weakest
from isic_cli.curation.near_pictures import near_pictures
from isic_cli.curation.phash import Grey, digest_pixels, fingerprint, packed
from isic_cli.curation.variants import TURNS, Signature, crops_of, signature_of

Copy = Callable[[Image.Image, int], Image.Image]


def cropped(image: Image.Image, left: float, top: float, right: float, low: float) -> Image.Image:
    """Cut shares of the sides away."""
    wide, high = image.size
    return image.crop(
        (round(wide * left), round(high * top), round(wide * (1 - right)), round(high * (1 - low)))
    )


def centred(kept: float) -> Copy:
    edge = (1 - kept) / 2
    return lambda image, _: cropped(image, edge, edge, edge, edge)


def turned(how: Image.Transpose) -> Copy:
    return lambda image, _: image.transpose(how)


def like_ham(image: Image.Image, _: int) -> Image.Image:
    """Cut the middle out as HAM10000 did: 600×450 from a picture of any shape."""
    scale = 0.8 * min(image.width / 4, image.height / 3)
    wide, high = 2 * scale, 1.5 * scale
    middle = image.width / 2, image.height / 2
    box = (middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high)
    return image.resize((600, 450), Image.Resampling.LANCZOS, box=box)


def rotated(image: Image.Image, _: int) -> Image.Image:
    """Turn by 3° and cut the corners away."""
    return centred(0.9)(image.rotate(3, Image.Resampling.BICUBIC), 0)


def hairy(image: Image.Image, seed: int) -> Image.Image:
    """Draw 25 bent hairs."""
    image, draw = image.copy(), random.Random(seed)
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = draw.uniform(0, image.width), draw.uniform(0, image.height)
        angle, bend = draw.uniform(0, 2 * math.pi), draw.uniform(-1, 1)
        length = draw.uniform(0.2, 0.5) * image.width
        points = [
            (
                x + length * t * math.cos(angle + bend * t),
                y + length * t * math.sin(angle + bend * t),
            )
            for t in np.linspace(0, 1, 20)
        ]
        pen.line(points, fill=(30, 20, 15), width=max(1, image.width // 250))
    return image


def ruled(image: Image.Image, _: int) -> Image.Image:
    """Lay a ruler over the lowest tenth."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    wide, high, band = image.width, image.height, image.height // 10
    pen.rectangle((0, high - band, wide, high), fill=(235, 235, 235))
    for mark in range(40):
        length = band * (0.7 if mark % 5 == 0 else 0.4)
        x = mark * wide / 40
        pen.line(
            (x, high - band, x, high - band + length), fill=(20, 20, 20), width=wide // 400 + 1
        )
    return image


def brightened(factor: float) -> Copy:
    return lambda image, _: ImageEnhance.Brightness(image).enhance(factor)


def cast(red: float, blue: float) -> Copy:
    def copy(image: Image.Image, _: int) -> Image.Image:
        values = np.asarray(image, float) * np.array([red, 1, blue])
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))

    return copy


def halved(image: Image.Image, _: int) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2))


COPIES: dict[str, Copy] = {
    "turned by 90°": turned(Image.Transpose.ROTATE_90),
    "turned by 180°": turned(Image.Transpose.ROTATE_180),
    "mirrored": turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "transposed": turned(Image.Transpose.TRANSPOSE),
    "crop of 2 %": centred(0.98),
    "crop of 5 %": centred(0.95),
    "crop of 10 %": centred(0.9),
    "crop of 30 %": centred(0.7),
    "central crop as HAM10000": like_ham,
    "one-sided crop of 5 %": lambda image, _: cropped(image, 0.05, 0, 0, 0),
    "rotation by 3°": rotated,
    "hair": hairy,
    "ruler": ruled,
    "brighter by 30 %": brightened(1.3),
    "darker by 30 %": brightened(0.7),
    "warm cast": cast(1.1, 0.85),
    "cool cast": cast(0.85, 1.1),
    "JPEG quality 30": lambda image, _: image,
    "half size": halved,
}

#: What is asked of 41 pictures where not all: the share of them.
ASKED = {
    "one-sided crop of 5 %": 30 / 41,
    "rotation by 3°": 30 / 41,
    "hair": 24 / 41,
    "ruler": 16 / 41,
}


def encoded(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


@dataclass(frozen=True)
class Pictures:
    """Pictures in memory, as `find_duplicates` reads them."""

    data: dict[str, bytes]

    def pixels(self, picture: ComparedPicture) -> str:
        return digest_pixels(self.data[picture.key])

    def thumbnail(self, picture: ComparedPicture) -> Grey | None:
        return fingerprint(self.data[picture.key]).thumbnail

    def compared(self) -> list[ComparedPicture]:
        found = []
        for key, data in self.data.items():
            seen = fingerprint(data)
            signature = signature_of(seen.thumbnail, seen.pixels)
            found.append(ComparedPicture(key, signature=signature, pixels=seen.pixels))
        return found


def found_by_us(originals: dict[str, bytes], copies: dict[str, bytes]) -> tuple[int, int]:
    """Return how many copies are in a group with their original, and how many groups are wrong."""
    pictures = Pictures({f"{name} a": data for name, data in originals.items()}
                        | {f"{name} b": data for name, data in copies.items()})  # fmt: skip
    groups = find_duplicates(pictures.compared(), parse_method("phash"), reader=pictures)
    names = [[picture.key.rpartition(" ")[0] for picture in group.pictures] for group in groups]
    right = sum(names_of.count(name) == 2 for names_of in names for name in set(names_of))
    return right, sum(len(set(names_of)) > 1 for names_of in names)


def other_hashes() -> dict[str, Callable[[bytes], int]]:
    """Return the hashes of 64 bits of the tools that are installed, by tool and name."""
    found: dict[str, Callable[[bytes], int]] = {}
    with suppress(ImportError):
        import imagehash

        for name in ("phash", "dhash", "whash", "average_hash"):
            of_image = getattr(imagehash, name)
            found[f"imagehash {name}"] = partial(_hash_of_image, of_image)
    with suppress(ImportError):
        from imagededup import methods

        for name in ("PHash", "DHash", "WHash", "AHash"):
            method = getattr(methods, name)(verbose=False)
            found[f"imagededup {name}"] = partial(_hash_of_pixels, method)
    return found


def _hash_of_image(of_image: Callable[[Image.Image], object], data: bytes) -> int:
    return int(str(of_image(Image.open(io.BytesIO(data)))), 16)


def _hash_of_pixels(method: Any, data: bytes) -> int:
    return int(method.encode_image(image_array=np.asarray(Image.open(io.BytesIO(data)))), 16)


def read(folder: Path, most: int = 1024) -> dict[str, Image.Image]:
    """Return the pictures of a folder, at most so many pixels wide and high."""
    images = {}
    for file in sorted(folder.glob("*.jpg")):
        image = Image.open(file)
        image.thumbnail((most, most))
        images[file.name] = image.convert("RGB")
    return images


def measure(
    images: dict[str, Image.Image], ways: Iterable[str] = tuple(COPIES)
) -> dict[str, tuple[int, int]]:
    """Return (found, wrong groups) for each way of copying."""
    originals = {name: encoded(image) for name, image in images.items()}
    return {way: found_by_us(originals, _copies(images, way)) for way in ways}


def _copies(images: dict[str, Image.Image], way: str) -> dict[str, bytes]:
    quality = 30 if way == "JPEG quality 30" else 90
    return {
        name: encoded(COPIES[way](image, number), quality)
        for number, (name, image) in enumerate(images.items())
    }


def search(hashes: int, size: tuple[int, int] = (640, 480)) -> None:
    """Print what it costs to find near pairs among so many random hashes."""
    rng, crops = np.random.default_rng(0), len(crops_of(size))
    each = len(TURNS) + crops - 1
    grey = rng.integers(0, 256, 1024, np.uint8).tobytes()
    signatures = []
    for _ in range(-(-hashes // each)):
        margins = rng.standard_normal((each, 64), np.float32)
        weak = weakest(np.abs(margins[:crops]))
        signatures.append(Signature(packed(margins).tobytes(), weak.tobytes(), grey))
    start = time.process_time()
    pairs = near_pictures(signatures, [size] * len(signatures), DISTANCE)
    took = time.process_time() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{hashes:,} hashes of {len(signatures):,} pictures: {took:.1f} s CPU, {most:,.0f} MB, "
        f"{len(pairs):,} near pairs"
    )


def main() -> int:
    if sys.argv[1:2] == ["--hashes"]:
        search(int(sys.argv[2]))
        return 0
    missed = [table(Path(folder)) for folder in sys.argv[1:]]
    return int(any(missed))


def table(folder: Path) -> bool:
    """Print the table of a folder; return whether a figure is missed."""
    images = read(folder)
    hashes = other_hashes()
    originals = {
        name: [hash_of(encoded(image)) for image in images.values()]
        for name, hash_of in hashes.items()
    }
    missed = 0
    print(
        f"{len(images)} pictures".ljust(26)
        + f" {'isic':>6} {'wrong':>6} "
        + " ".join(f"{name:>22}" for name in hashes)
    )
    for way in COPIES:
        found, wrong = measure(images, (way,))[way]
        missed += wrong or found < round(ASKED.get(way, 1) * len(images))
        copies = _copies(images, way).values()
        others = [
            sum(
                (one ^ hash_of(copy)).bit_count() <= 10
                for one, copy in zip(originals[name], copies, strict=True)
            )
            for name, hash_of in hashes.items()
        ]
        print(f"{way:26} {found:6} {wrong:6} " + " ".join(f"{count:22}" for count in others))
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
