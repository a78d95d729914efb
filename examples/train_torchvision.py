"""Train a small network for one epoch on `dataset export --to imagefolder`, by torchvision."""

import sys
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

root = Path(sys.argv[1])
torch.manual_seed(0)
as_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.25)])
# Every split has a folder for every class, so that all of them number the classes alike.
sides = {
    split: ImageFolder(root / split, transform=as_tensor, allow_empty=True)
    for split in ("train", "val")
}
classes = (root / "classes.txt").read_text("utf-8").splitlines()
assert sides["train"].classes == sides["val"].classes == classes

model = models.squeezenet1_1(num_classes=len(classes))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
total = 0.0
model.train()
for images, targets in DataLoader(sides["train"], batch_size=8, shuffle=True):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    total += loss.item() * len(targets)

model.eval()
right = 0
with torch.no_grad():
    for images, targets in DataLoader(sides["val"], batch_size=8):
        right += int((model(images).argmax(1) == targets).sum())
print(f"loss {total / len(sides['train']):.3f}, right {right} of {len(sides['val'])}")
