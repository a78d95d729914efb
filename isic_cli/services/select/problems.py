"""What in a selection names no image, and the sample that it draws."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isic_cli.models.selection import IdList, Selection

if TYPE_CHECKING:
    from isic_cli.curation.sample import SamplePlan


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the selection that names no image.

    Attributes
    ----------
    item : str
        The id, or where the line is.
    reason : str
        One line.
    """

    item: str
    reason: str


def bad_lines(ids: IdList | None) -> list[Problem]:
    """Return a problem for every line of a list that holds no ISIC id."""
    if ids is None:
        return []
    return [
        Problem(f"{ids.name}, line {number}", f"no ISIC id in {text!r}")
        for number, text in ids.bad_lines.items()
    ]


def planned_sample(selection: Selection) -> "SamplePlan | None":
    """Return the sample that a selection draws; None when it draws none."""
    if not selection.sample:
        return None
    from isic_cli.curation.sample import SamplePlan  # it needs numpy, which few selections do

    return SamplePlan(
        selection.sample, by=selection.by, one_per=selection.one_per, seed=selection.seed
    )
