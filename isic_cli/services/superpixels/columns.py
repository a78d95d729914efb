"""Columns that are asked for by name, looked up before any work: an empty one is not an answer."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.services.superpixels.batch import Attempt
from isic_cli.services.superpixels.sources import Source
from isic_cli.superpixel.features import CHALLENGE_FEATURES, parse_features
from isic_cli.superpixel.tables import COLOUR_COLUMNS, NEIGHBOR_COLUMN, REGION_COLUMNS


def check_columns(fields: Iterable[str], known: Sequence[str], *, more: str = "") -> None:
    """Refuse a column that a table never has.

    Parameters
    ----------
    fields : iterable of str
        As they were asked for.
    known : sequence of str
        Those that there are.
    more : str
        What to say after them.

    Raises
    ------
    UsageError
        With the nearest names.
    """
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known)
            raise UsageError(
                f"there is no column {name!r}",
                hint=f"Did you mean {' or '.join(near)}?"
                if near
                else f"there are: {', '.join(known)}{more}",
            )


def check_region_columns(
    fields: Iterable[str], *, image: Path | None, features: Path | None, neighbors: bool
) -> None:
    """Refuse a column that no table of regions will have.

    Feature files are read only for a name that is not another column, and as far as needed. A
    feature that one of them has may be absent from another, as may one of the challenges.

    Raises
    ------
    UsageError
        With the nearest names.
    """
    known = ["file", *REGION_COLUMNS, *(COLOUR_COLUMNS if image else ())]
    known += [NEIGHBOR_COLUMN] if neighbors else []
    more = ""
    if image is None or features is None or not neighbors:
        more = "; --image, --neighbors and --features add more"
    if features is not None:
        known += CHALLENGE_FEATURES
        unknown = set(fields) - set(known)
        for path in sorted(features.glob("*.json")) if features.is_dir() else [features]:
            if not unknown:
                return
            # Its warnings and errors are told when the work comes to it.
            outcome = Attempt(_names)(Source(str(path), path))
            if outcome.error is not None and path == features:
                return
            unknown.difference_update(outcome.value or ())
            known += outcome.value or ()
    check_columns(fields, list(dict.fromkeys(known)), more=more)


def _names(source: Source) -> tuple[str, ...]:
    """Return the features that a file has."""
    return tuple(parse_features(source.path).values)
