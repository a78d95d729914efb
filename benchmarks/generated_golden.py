"""Write digests of generated maps: `generated_golden.py MAPS OUT`."""

import hashlib
import json
import sys
from pathlib import Path

from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.slic import generate_labels
from tests.superpixel.test_slic import drawn_photograph


def sha(labels) -> str:
    return hashlib.sha256(labels.astype("<u4").tobytes()).hexdigest()


def main() -> None:
    maps, out = map(Path, sys.argv[1:3])
    drawn = [(90, 120, 1), (150, 130, 2)]
    found = {
        "archive": {
            path.name.removesuffix("_superpixels.png"): sha(SuperpixelMap.from_png(path).labels)
            for path in sorted(maps.glob("*.png"))
        },
        "drawn": {
            f"{h} {w} {s}": sha(generate_labels(drawn_photograph(h, w, s))) for h, w, s in drawn
        },
    }
    out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
