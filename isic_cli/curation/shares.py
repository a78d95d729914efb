"""The splits and the share of each, as the command line spells them."""

from dataclasses import dataclass

from isic_cli.errors import UsageError

_THREE = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class SplitShares:
    """The splits and their shares.

    Attributes
    ----------
    names : tuple of str
        In order.
    shares : tuple of float
        Of the images; they add up to 1.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]


def parse_ratio(text: str) -> SplitShares:
    """Return the splits of `70:10:20` (train, val, test) or `80:20` (train, test).

    Raises
    ------
    UsageError
        Not two or three positive numbers that add up to 100 (or to 1).
    """
    hint = "percentages that add up to 100, such as 70:10:20 or 80:20"
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError as error:
        raise UsageError(f"the ratio {text!r} is not made of numbers", hint=hint) from error
    if len(parts) not in (2, 3):
        raise UsageError(f"the ratio {text!r} has {len(parts)} parts", hint=hint)
    if not all(0 < part < float("inf") for part in parts):
        raise UsageError(f"the ratio {text!r} has a split without a share", hint=hint)
    total = sum(parts)
    if min(abs(total - 100), 100 * abs(total - 1)) > 1e-6:
        raise UsageError(f"the ratio {text!r} adds up to {total:g}, not to 100", hint=hint)
    names = _THREE if len(parts) == 3 else ("train", "test")
    return SplitShares(names, tuple(part / total for part in parts))


def folds(count: int) -> SplitShares:
    """Return `count` equal splits, `fold1` and so on.

    Raises
    ------
    UsageError
        Fewer than two.
    """
    if count < 2:
        raise UsageError(f"{count} folds cannot be made", hint="at least 2")
    return SplitShares(tuple(f"fold{at}" for at in range(1, count + 1)), (1 / count,) * count)
