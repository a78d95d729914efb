"""Train a small network for one epoch on `dataset export --to imagefolder`, by timm."""

import sys
from pathlib import Path

import timm
import torch
from timm.data import create_dataset, create_loader
from timm.optim import create_optimizer_v2

root = Path(sys.argv[1])
torch.manual_seed(0)
classes = (root / "class_map.txt").read_text("utf-8").splitlines()
# Without the class map timm would number only the classes that a split has.
loaders = {
    split: create_loader(
        create_dataset("", str(root / split), class_map=str(root / "class_map.txt")),
        input_size=(3, 64, 64),
        batch_size=8,
        is_training=split == "train",
        use_prefetcher=False,
        num_workers=0,
    )
    for split in ("train", "val")
}

model = timm.create_model("test_resnet", pretrained=False, num_classes=len(classes))
optimizer = create_optimizer_v2(model, opt="adamw", lr=1e-3)
total = count = 0
model.train()
for images, targets in loaders["train"]:
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    total += loss.item() * len(targets)
    count += len(targets)

model.eval()
right = seen = 0
with torch.no_grad():
    for images, targets in loaders["val"]:
        right += int((model(images).argmax(1) == targets).sum())
        seen += len(targets)
print(f"loss {total / count:.3f}, right {right} of {seen}")
