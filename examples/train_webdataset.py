"""Train a linear classifier for one epoch on `dataset export --to webdataset`, by webdataset."""

import json
import sys
from pathlib import Path

import webdataset
from softmax import Softmax

root = Path(sys.argv[1])
labels = json.loads((root / "dataset.json").read_text("utf-8"))["labels"]


def samples(split: str, shuffled: int = 0) -> webdataset.WebDataset:
    """Return pictures and the numbers of their classes."""
    shards = sorted(map(str, root.glob(f"{split}-*.tar")))
    found = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False, seed=0)
    # A picture keeps its format unless --encode or --size is given.
    return found.shuffle(shuffled).decode("pil").to_tuple("jpg;png;webp", "cls")


model = Softmax(len(labels))
loss = model.learn(samples("train", shuffled=100))
answers = [(int(model.shares(image).argmax()), target) for image, target in samples("val")]
right = sum(answer == target for answer, target in answers)
print(f"loss {loss:.3f}, right {right} of {len(answers)}")
