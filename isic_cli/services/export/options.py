"""What an export is to look like."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from isic_cli.errors import UsageError

Kind = Literal[
    "imagefolder", "hf", "webdataset", "coco", "csv", "parquet", "croissant", "zip", "gallery"
]
With = Literal["masks", "superpixels", "features", "thumbnails"]
Link = Literal["hard", "sym", "copy"]

KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds whose pictures lie in archive files.
PACKED = frozenset({"webdataset", "zip"})

#: What browsers show.
_SHOWN = frozenset({".jpg", ".jpeg", ".png", ".webp"})

_SIZE = re.compile(r"(\d+)(?:x(\d+))?(?::(fit|crop|pad))?")
_ENCODE = re.compile(r"(jpg|png|webp)(?::(\d+))?")
_MOST_SIDE = 16_384


@dataclass(frozen=True, slots=True)
class TargetSize:
    """`--size`: the box, and how a picture gets into it.

    Attributes
    ----------
    width, height : int
        Pixels of the box.
    mode : {"fit", "crop", "pad"}
        `fit` keeps the shape and never enlarges; `crop` fills the box from the middle; `pad`
        puts the whole picture into the box, on black.
    """

    width: int
    height: int
    mode: Literal["fit", "crop", "pad"] = "fit"

    @classmethod
    def parse(cls, text: str) -> "TargetSize":
        """Read `512`, `512x384` or `512:crop`.

        Raises
        ------
        UsageError
            Anything else, or a side of no pixels or of more than 16,384.
        """
        match = _SIZE.fullmatch(text)
        if match is None:
            raise UsageError(f"no size: {text}", hint="512, 512x384, 512:fit, 512:crop or 512:pad")
        width = int(match[1])
        height = int(match[2]) if match[2] else width
        if not (0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE):
            raise UsageError(f"the size {text} is out of range", hint=f"1 to {_MOST_SIDE} pixels")
        mode: Literal["fit", "crop", "pad"] = "fit"
        if match[3] == "crop":
            mode = "crop"
        elif match[3] == "pad":
            mode = "pad"
        return cls(width, height, mode)


@dataclass(frozen=True, slots=True)
class Encoding:
    """`--encode`: the format of the pictures and its quality (0 for what has none)."""

    format: str = "jpg"
    quality: int = 90

    @classmethod
    def parse(cls, text: str) -> "Encoding":
        """Read `jpg`, `png`, `webp`, or `jpg:95`.

        Raises
        ------
        UsageError
            Anything else, or a quality out of 1 to 100 or for PNG.
        """
        match = _ENCODE.fullmatch(text)
        if match is None:
            raise UsageError(f"no encoding: {text}", hint="jpg, png, webp, or with quality jpg:95")
        if match[1] == "png":
            if match[2]:
                raise UsageError("PNG has no quality: it loses nothing", hint="--encode png")
            return cls("png", 0)
        quality = int(match[2]) if match[2] else cls().quality
        if not 1 <= quality <= 100:
            raise UsageError(f"the quality {quality} is out of range", hint="1 to 100")
        return cls(match[1], quality)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of one export.

    Attributes
    ----------
    folder : Path
        What is exported.
    out : Path
        Where to; a folder of its own.
    kind : Kind
        Which layout.
    split : str or None
        A file with splits, or a column of the folder's metadata.
    label : str or None
        A label scheme, or a column of the folder's metadata.
    keep_unmapped : bool
        Whether images without a label stay, as `unmapped`.
    link : Link or None
        How a picture that stays as it is gets there; None for a copy.
    size : Size or None
        None for the size that it has.
    encode : Encoding or None
        None for the bytes that it has, or with a size for JPEG of quality 90.
    per_shard : int
        Images in each archive file.
    along : frozenset of With
        What goes along with the pictures as files.
    prune_empty : bool
        Whether an image folder has no folders for classes without a picture.
    table : Path or None
        The metadata of what is exported, in place of those of the folder.
    classes : tuple of str
        Every label in order, where `label` is a column; empty for its values, sorted.
    archive : str
        That the images are from, where the folder does not say; `""` when nobody knows it.
    origin : str or None
        The same in place of what the folder says; None where the folder knows.
    """

    folder: Path
    out: Path
    kind: Kind
    split: str | None = None
    label: str | None = None
    keep_unmapped: bool = False
    link: Link | None = None
    size: TargetSize | None = None
    encode: Encoding | None = None
    per_shard: int = 1000
    along: frozenset[With] = frozenset()
    prune_empty: bool = False
    table: Path | None = None
    classes: tuple[str, ...] = ()
    archive: str = ""
    origin: str | None = None

    def __post_init__(self) -> None:
        if self.kind == "imagefolder" and self.label is None:
            raise UsageError(
                "an image folder needs a label: its folders are the classes",
                hint="--label isic2019, or --label and a column such as diagnosis_1.",
            )
        if self.prune_empty and self.kind != "imagefolder":
            raise UsageError("--prune-empty is about the folders of --to imagefolder")
        if self.link not in {None, "copy"} and (self.size or self.encode):
            raise UsageError(f"--link {self.link} cannot give pictures another size or format")
        if self.link not in {None, "copy"} and self.kind in PACKED:
            raise UsageError(f"--link {self.link} cannot reach into the files of {self.kind}")

    def encoding(self, suffix: str) -> Encoding | None:
        """How a picture with a suffix such as `.tif` is written; None when it stays as it is."""
        must = self.size or (self.kind == "gallery" and suffix.lower() not in _SHOWN)
        return self.encode or (Encoding() if must else None)

    @property
    def recipe(self) -> dict[str, object]:
        """What two runs must share to write into one folder."""
        return {
            "folder": str(self.folder.resolve()),
            "to": self.kind,
            "split": self.split,
            "label": self.label,
            "keep_unmapped": self.keep_unmapped,
            "link": self.link or "copy",
            "size": [self.size.width, self.size.height, self.size.mode] if self.size else None,
            "encode": [self.encode.format, self.encode.quality] if self.encode else None,
            "per_shard": self.per_shard if self.kind in PACKED else None,
            "with": sorted(self.along) or None,
            "prune_empty": self.prune_empty or None,
            "table": str(self.table.resolve()) if self.table else None,
            "classes": list(self.classes) or None,
        }
