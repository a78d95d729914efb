"""Pictures of a page of the documentation, which the blocks of the page make."""

import re
import shutil
from pathlib import Path

from PIL import Image


def made_picture(work: Path, kept: str) -> Path:
    """Return what a page's blocks made in their folder; it may be kept in another format."""
    beside = work.glob(str(Path(kept).with_suffix(".*")))
    return next(path for path in beside if path.suffix in {".jpg", ".png", ".svg"})


def keep(made: Path, kept: Path) -> None:
    """Put a picture into the documentation, as the page has it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    if made.suffix == ".svg":
        shutil.copyfile(made, kept)
    else:
        with Image.open(made) as picture:
            picture.convert("RGB").save(kept, quality=60)


def look(picture: Path) -> list[float] | dict[str, float]:
    """Return what a reader sees at a glance: the words of a drawing, or a few hundred pixels.

    Fonts, versions of matplotlib and the loss of a JPEG do not change it much.
    """
    if picture.suffix == ".svg":
        words = re.findall(r"<text[^>]*>([^<]*)<", picture.read_text("utf-8"))
        return {word: float(words.count(word)) for word in words}
    with Image.open(picture) as opened:
        small = opened.convert("L").resize((16, 16), Image.Resampling.BOX)
        return [float(opened.width), float(opened.height), *map(float, small.tobytes())]
