"""Train a linear classifier for an epoch on `dataset export --to hf`, by `datasets`."""

import sys

import datasets
from softmax import Softmax

found = datasets.load_dataset(sys.argv[1])
names = found["train"].features["label"].names
model = Softmax(len(names))
train = found["train"].shuffle(seed=0)
loss = model.learn((row["image"], row["label"]) for row in train)
right = sum(int(model.shares(row["image"]).argmax()) == row["label"] for row in found["val"])
print(f"loss {loss:.3f}, right {right} of {len(found['val'])}")
