"""Multi-select answers: choices joined by a bar that choices may contain themselves."""

import re
from collections.abc import Sequence

#: A bar without spaces around it; choices seen in the archive have spaces around theirs.
_JOINT = re.compile(r"(?<! )\|(?! )")


def split_choices(text: str, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Split a multi-select answer into its choices.

    Parameters
    ----------
    text : str
        As the archive writes it: `Globules|Network|Streaks | pipes`.
    known : sequence of str
        The choices of the question. The answer is read as the fewest of them; where it cannot
        be, or none are known, it is split at each bar without spaces around it.

    >>> split_choices("a|b|c", ["a", "b|c"])
    ('a', 'b|c')
    """
    if not text:
        return ()
    return _known_parts(text, known) or tuple(_JOINT.split(text))


def _known_parts(text: str, known: Sequence[str]) -> tuple[str, ...] | None:
    """Return the fewest known choices that joined give the text; None where none do."""
    whole = text + "|"
    best: dict[int, tuple[str, ...]] = {0: ()}
    for start in range(len(whole)):
        if start not in best:
            continue
        for choice in known:
            end = start + len(choice) + 1
            parts = (*best[start], choice)
            fewer = end not in best or len(parts) < len(best[end])
            if fewer and whole.startswith(choice + "|", start):
                best[end] = parts
    return best.get(len(whole))
