"""What Python warns of."""

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isic_cli.models.outcomes import Outcome


class IsicWarning(UserWarning):
    """What a caller should know and what does not stop the work."""


def warn_of(problems: "Iterable[Outcome]", *, stacklevel: int = 3) -> None:
    """Warn of each item that is not as it should be."""
    for problem in problems:
        warnings.warn(problem.sentence, IsicWarning, stacklevel=stacklevel)
