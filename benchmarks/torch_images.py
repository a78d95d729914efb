"""How fast pictures come for torch, beside a loop by hand over Pillow. It needs torch.

    python benchmarks/torch_images.py [PICTURES]

JPEGs of 1024x768 are read whole, and brought to 224x224. The process exits with 1 when either
is below 0.9 of the loop.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image, ImageOps

from isic_cli import Dataset


def make_folder(folder: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:768, :1024]
    lines = ["isic_id,diagnosis_1,attribution,copyright_license"]
    for number in range(count):
        channels = [rows // 4 + number, columns // 5, (rows + columns) // 8]
        noisy = np.stack(channels, axis=-1) % 256 + generator.integers(-8, 8, (768, 1024, 3))
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        picture.save(folder / f"ISIC_{number:07}.jpg", quality=90)
        lines.append(f"ISIC_{number:07},Benign,x,CC-0")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", "utf-8")


def by_hand(path: str, side: int) -> torch.Tensor:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
        if side:
            picture = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)


def cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(count: int) -> None:
    warnings.simplefilter("ignore")
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        make_folder(Path(name), count)
        for side in (0, 224):
            size = f"{side}:crop" if side else None
            images = Dataset.open(name).torch(label="diagnosis_1", size=size)
            paths = [path for _, path, _ in images.items]
            runs = [
                (
                    cpu(lambda images=images: [images[at] for at in range(len(images))]),
                    cpu(lambda paths=paths, side=side: [by_hand(path, side) for path in paths]),
                )
                for _ in range(3)
            ]
            ours, plain = (min(times) for times in zip(*runs, strict=True))
            ratios.append(plain / ours)
            print(
                f"{size or 'whole'}: {count / ours:.0f} pictures a second of CPU, by hand "
                f"{count / plain:.0f}: {ratios[-1]:.2f} of the rate"
            )
    raise SystemExit(min(ratios) < 0.9)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 120)
