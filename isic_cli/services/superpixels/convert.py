"""Maps to label files and back, masks to features and back."""

from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.files.atomic import write_bytes
from isic_cli.pictures.mask import read_mask
from isic_cli.services.superpixels.sources import FEATURE_ENDINGS, Source, partner
from isic_cli.services.superpixels.target import Written, write
from isic_cli.superpixel import Features, SuperpixelMap, parse_features
from isic_cli.superpixel.choice import LabelChoice
from isic_cli.superpixel.features import feature_name
from isic_cli.superpixel.labelfile import map_from_file, map_to_file
from isic_cli.superpixel.masks import (
    attribute_name,
    feature_mask,
    features_of_masks,
    fit,
    mask_png,
    split_attribute_name,
)
from isic_cli.superpixel.tables import map_for_features


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file to be made from another.

    Attributes
    ----------
    source : Source
        The map, or for `encode` the labels.
    target : Path
        Its suffix tells the format.
    """

    source: Source
    target: Path

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name


def decode(task: FileTask) -> Written:
    """Write the labels of a map as an array."""
    pixel_map = SuperpixelMap.from_png(task.source.path)
    return write(task.target, map_to_file(pixel_map, task.target.suffix.lower()))


def encode(task: FileTask) -> Written:
    """Write an array of labels, or a gray label PNG, as a map in the archive's encoding."""
    path = task.source.path
    read = SuperpixelMap.from_png if path.suffix.lower() == ".png" else map_from_file
    return write(task.target, read(path).to_png())


@dataclass(frozen=True, slots=True)
class MaskTask:
    """A map whose superpixels become masks.

    Attributes
    ----------
    source : Source
        The map.
    target : Path
        A PNG, or the folder of `<image>_attribute_<feature>.png`.
    features : Path or None
        A feature file or a folder of such files.
    only : tuple of str
        Of the features these; all when it is empty.
    labels : LabelChoice or None
        Instead of features.
    """

    source: Source
    target: Path
    features: Path | None = None
    only: tuple[str, ...] = ()
    labels: LabelChoice | None = None

    @property
    def name(self) -> str:
        """The map's name."""
        return self.source.name


def draw_masks(task: MaskTask) -> Written:
    """Write the masks of chosen labels, or of features."""
    read = SuperpixelMap.from_png if task.features is None else map_for_features
    pixel_map = read(task.source.path)
    if task.labels is not None:
        return write(task.target, mask_png(pixel_map.mask(task.labels.of(pixel_map))))
    if task.features is None:
        raise UsageError("either features or labels are needed")
    stem = task.source.stem
    features = parse_features(partner(task.features, stem, FEATURE_ENDINGS))
    names = list(dict.fromkeys(map(feature_name, task.only))) or list(features.values)
    single = task.target.suffix.lower() == ".png"
    if single and len(names) > 1:
        raise UsageError(
            f"{task.target} is one file, and there are {len(names)} features",
            hint=f"name a folder with -o, or --feature {names[0]}",
        )
    files = {attribute_name(stem, name): name for name in names}
    if len(files) < len(names):
        raise UsageError(f"{task.features}: two features would have the same file name")
    # All are drawn before the first is written: an unknown feature leaves no half of a set.
    drawn = {
        file: mask_png(feature_mask(pixel_map, features, name)) for file, name in files.items()
    }
    if single:
        return write(task.target, *drawn.values())
    for file, data in drawn.items():
        write_bytes(task.target / file, data, parents=True)
    return Written(task.target, sum(map(len, drawn.values())), files=len(drawn))


@dataclass(frozen=True, slots=True)
class FeatureTask:
    """Masks that become a feature file.

    Attributes
    ----------
    source : Source
        The map.
    masks : tuple of (feature or None, path)
        A folder stands for the masks of the map's image in it. Without a name, the file's own
        tells the feature.
    threshold : float
        A superpixel has the feature when more than this share of it is inside.
    target : Path or None
        None: return the text only.
    """

    source: Source
    masks: tuple[tuple[str | None, Path], ...]
    threshold: float
    target: Path | None = None

    @property
    def name(self) -> str:
        """The map's name."""
        return self.source.name


@dataclass(frozen=True, slots=True)
class MadeFeatures:
    """A feature file.

    Attributes
    ----------
    text : str
        JSON in the layout of the challenge of 2017.
    fits : tuple of (feature, mixed superpixels, wrong pixels)
        How well superpixels could say what the masks say.
    written : Written or None
        Where it is.
    """

    text: str
    fits: tuple[tuple[str, int, int], ...]
    written: Written | None


def make_features(task: FeatureTask) -> MadeFeatures:
    """Turn masks into features."""
    pixel_map = SuperpixelMap.from_png(task.source.path)
    masks = {}
    for name, path in _mask_files(task):
        feature = feature_name(name or _feature_of(path))
        if feature in masks:
            raise UsageError(f"{path}: a second mask of {feature}")
        masks[feature] = read_mask(path)
    found: Features = features_of_masks(pixel_map, masks, task.threshold)
    fits = []
    for feature, mask in masks.items():
        fitted = fit(pixel_map, mask, task.threshold)
        fits.append((feature, fitted.mixed, fitted.wrong_pixels))
    text = found.to_json() + "\n"
    written = write(task.target, text.encode()) if task.target else None
    return MadeFeatures(text, tuple(fits), written)


def _mask_files(task: FeatureTask) -> list[tuple[str | None, Path]]:
    files: list[tuple[str | None, Path]] = []
    for name, path in task.masks:
        if not path.is_dir():
            files.append((name, path))
            continue
        found = sorted(path.glob(f"{task.source.stem}_attribute_*.png"))
        if not found:
            raise NotFoundError(f"{path} holds no {task.source.stem}_attribute_*.png")
        files += [(None, file) for file in found]
    return files


def _feature_of(path: Path) -> str:
    """Return the feature that a file's name tells: the part after `_attribute_`, else the end."""
    named = split_attribute_name(path.name)
    return named[1] if named else path.stem.rpartition("_")[2]
