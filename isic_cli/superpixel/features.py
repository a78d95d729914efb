"""Feature files: for each feature one number per superpixel.

The layouts of the challenges of 2016 and 2017, and of the archive's studies: a JSON object of
arrays, position k for the superpixel with label k, so that an array is as long as the largest
label plus 1. Values: 0 absent, 1 present; the studies' 0.5 means possible; submissions any number
from 0 to 1, present above 0.5.
"""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.pictures.load import Readable, contents
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.runs import Int64

logger = logging.getLogger(__name__)

#: The features of the challenges of 2016 to 2018.
CHALLENGE_FEATURES = (
    "pigment_network",
    "negative_network",
    "streaks",
    "milia_like_cyst",
    "globules",
)
#: Other spellings that were seen, after lower case and underscores.
_ALIASES = {"milia_like_cysts": "milia_like_cyst", "network": "pigment_network"}

#: A superpixel shows a feature when its value is above this.
PRESENT = 0.5


def feature_name(text: str) -> str:
    """Return the one spelling of a feature's name: `milia-like cysts` is `milia_like_cyst`."""
    plain = "_".join(text.strip().lower().replace("-", " ").split())
    return _ALIASES.get(plain, plain)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The features of one image.

    Attributes
    ----------
    values : Mapping[str, ndarray]
        By feature an ndarray of shape (largest label + 1,), float64, 0 to 1.
    source : str
        What to call them in messages: the file they came from.

    Examples
    --------
    >>> from isic_cli.superpixel import parse_features
    >>> parse_features('{"streaks": [0, 1, 1]}').labels("streaks").tolist()
    [1, 2]
    """

    values: Mapping[str, npt.NDArray[np.float64]]
    source: str = "features"

    def labels(self, feature: str, threshold: float = PRESENT) -> Int64:
        """Return the labels whose value is above the threshold, ascending: (K,), int64.

        Raises
        ------
        UsageError
            No such feature.
        """
        name = feature_name(feature)
        if name not in self.values:
            raise UsageError(
                f"no feature {feature!r} here", hint=f"there are: {', '.join(self.values)}"
            )
        return np.flatnonzero(self.values[name] > threshold)

    def to_json(self) -> str:
        """Return the challenge's layout, whole numbers written as such."""
        plain = {
            name: [int(v) if v == int(v) else v for v in values.tolist()]
            for name, values in self.values.items()
        }
        return json.dumps(plain, separators=(",", ":"))


def _no_twins(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    out: dict[str, object] = {}
    for key, value in pairs:
        name = feature_name(key)
        if name in out:
            raise UsageError(f"the feature {name!r} appears twice")
        out[name] = value
    return out


def _column(name: str, value: object, source: str) -> npt.NDArray[np.float64]:
    if not isinstance(value, list):
        raise UsageError(f"{source}: {name!r} is not an array of numbers")
    for position, item in enumerate(value):
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise UsageError(f"{source}: {name!r}[{position}] is {item!r}, not a number")
        if not math.isfinite(item) or not 0 <= item <= 1:
            raise UsageError(f"{source}: {name!r}[{position}] is {item!r}, not between 0 and 1")
    return np.array(value, np.float64)


def parse_features(file: Readable, *, source: str = "") -> Features:
    """Read a feature file.

    Parameters
    ----------
    file : path, bytes or binary file
        JSON: an object of arrays. A `str` that begins with `{` or `[` is the text itself.
    source : str
        What to call it in messages; its path unless given.

    Returns
    -------
    features : Features
        All arrays of one length. Names that the challenges do not have are kept, with a warning:
        the archive's studies have their own.

    Raises
    ------
    UsageError
        Not JSON; not an object of arrays; NaN, or a value outside 0 to 1; arrays of different
        lengths.
    NotFoundError, LocalError
        The file cannot be read.

    Examples
    --------
    >>> from isic_cli.superpixel import parse_features
    >>> sorted(parse_features('{"network": [0, 1], "streaks": [0, 0.5]}').values)
    ['pigment_network', 'streaks']
    """
    if isinstance(file, str) and file.lstrip().startswith(("{", "[")):
        file = file.encode()
    text, name = contents(file, "features")
    source = source or name
    try:
        loaded = json.loads(text, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source}: not a JSON file ({error})") from error
    except UsageError as error:
        raise UsageError(f"{source}: {error.message}") from error
    if not isinstance(loaded, dict) or not loaded:
        raise UsageError(f"{source}: not an object of arrays, one for each feature")
    columns = {name: _column(name, value, source) for name, value in loaded.items()}
    lengths = {name: column.size for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"{source}: the arrays differ in length: {lengths}")
    unknown = sorted(set(columns) - set(CHALLENGE_FEATURES))
    if unknown:
        logger.warning("%s: not a challenge's feature: %s", source, ", ".join(unknown))
    return Features(columns, source)


def check_length(features: Features, pixel_map: SuperpixelMap) -> None:
    """Refuse features that are not of this map.

    Raises
    ------
    UsageError
        The arrays are longer or shorter than the largest label plus 1.
    """
    expected = int(pixel_map.ids[-1]) + 1
    for name, values in features.values.items():
        if values.size != expected:
            raise UsageError(
                f"{features.source}: {name!r} has {values.size} values, "
                f"the map has labels up to {expected - 1}: {expected} are needed",
                hint="the labels of this map begin at 1: it is not the archive's"
                if pixel_map.ids[0] == 1 and values.size == expected - 1
                else "features belong to one map of one image",
            )
