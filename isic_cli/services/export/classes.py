"""The class folders of an image folder, and one numbering of the classes for every reader.

torchvision numbers the folders that it finds, in the order of their names, and fails on an empty
one unless `allow_empty=True`; timm numbers the classes that have pictures, in another order, or
takes a class map. So every split gets a folder for every class, and files beside say the numbers.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from isic_cli.files.atomic import write_state
from isic_cli.files.faults import translated
from isic_cli.services.export.layout import class_root, folder_name

Counts = Mapping[str, Counter[str]]

_README = """\
# Images by class

{roots}
`classes.json` has the number and label of each class folder, and how many pictures it holds;
`classes.txt` and `class_map.txt` have the folders in the order of their numbers, from 0.

torchvision (0.19 or later) and timm give the same numbers when they are called so:

    torchvision.datasets.ImageFolder("{root}", allow_empty=True)
    timm.data.create_dataset("", "{root}", class_map="class_map.txt")
    # both: 0 is {first}, {last_number} is {last}

`metadata.csv` has a row for each picture, with its licence and whom to credit.
"""


def write_classes(
    out: Path, labels: Sequence[str], splits: Sequence[str], counts: Counts, *, prune_empty: bool
) -> None:
    """Make the folders of the classes and write their numbers.

    Parameters
    ----------
    out : Path
        The export.
    labels : sequence of str
        Every class of the scheme.
    splits : sequence of str
        `("",)` without a split.
    counts : mapping of str to Counter
        Split → label → pictures.
    prune_empty : bool
        Leave out the folders without a picture, and the classes that have none anywhere.

    Raises
    ------
    LocalError
        When they cannot be written.
    """
    total = sum((counts.get(split, Counter()) for split in splits), Counter[str]())
    kept = [label for label in labels if total[label] or not prune_empty]
    folders = {folder_name(label): label for label in kept}
    for split in splits:
        root = out / class_root(split)
        needed = {
            folder
            for folder, label in folders.items()
            if not prune_empty or counts.get(split, Counter())[label]
        }
        _make_folders(root, needed)
    lines = "".join(f"{folder}\n" for folder in sorted(folders))
    write_state(out / "classes.txt", lines)
    write_state(out / "class_map.txt", lines)
    classes = [
        {
            "index": index,
            "folder": folder,
            "label": folders[folder],
            "pictures": {
                class_root(split): counts.get(split, Counter())[folders[folder]] for split in splits
            },
        }
        for index, folder in enumerate(sorted(folders))
    ]
    write_state(
        out / "classes.json", json.dumps({"classes": classes}, indent=1, ensure_ascii=False) + "\n"
    )
    if classes:
        write_state(out / "README.md", _readme(sorted(folders), splits))


def _make_folders(root: Path, needed: set[str]) -> None:
    """Make the folders that are needed, and remove empty ones of earlier runs."""
    with translated(root):
        for folder in sorted(needed):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for found in root.iterdir() if root.is_dir() else ():
            if found.name not in needed:
                with suppress(OSError):  # it holds something
                    found.rmdir()


def _readme(folders: Sequence[str], splits: Sequence[str]) -> str:
    roots = [class_root(split) for split in splits]
    return _README.format(
        roots="".join(f"* `{root}/`: give this folder to the reader\n" for root in roots),
        root="train" if "train" in roots else roots[0],
        first=folders[0],
        last=folders[-1],
        last_number=len(folders) - 1,
    )
