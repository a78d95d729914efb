"""The responses of a study, as the archive's CSV writes them."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isic_cli.errors import AuthError, UsageError
from isic_cli.files.load import parse_json
from isic_cli.tables.delimited import raw_rows
from isic_cli.tables.names import unguarded
from isic_cli.tables.numbers import finite

#: The header of the archive's CSV.
COLUMNS = ("image", "annotator", "annotation_duration", "question", "question_type", "answer")

#: What an answer is: one choice, several, or a number; None for a number left empty.
Answer = str | tuple[str, ...] | float | None


@dataclass(frozen=True)
class Response:
    """One annotator's answer to one question about one image.

    Attributes
    ----------
    image : str
        ISIC id.
    annotator : str
        Who answered.
    seconds : float or None
        How long the whole annotation of the image took, where the archive knows.
    question : str
        Its prompt.
    kind : str
        `select`, `multiselect`, `number`, `diagnosis` or what the archive invents next.
    answer : str, tuple of str, float or None
        Several choices for `multiselect`, a float for `number`, text for all else.
    """

    image: str
    annotator: str
    seconds: float | None
    question: str
    kind: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class UnreadableAnswer:
    """A row of a CSV of responses that cannot be read, among others that can.

    Attributes
    ----------
    image : str
        As the row has it; may be empty.
    reason : str
        The file, the line and what is wrong.
    """

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """What a CSV of responses holds: each of its rows is in one of the two.

    Attributes
    ----------
    responses : tuple of Response
        In the order of the file.
    unreadable : tuple of UnreadableAnswer
    """

    responses: tuple[Response, ...] = ()
    unreadable: tuple[UnreadableAnswer, ...] = ()


def parse_responses(
    text: str, *, source: str, choices: Mapping[str, Sequence[str]] | None = None
) -> ResponseTable:
    """Read a CSV of responses.

    A row whose number, duration or names cannot be read is named among the unreadable ones; a
    row with a cell too many or too few means that the file is cut or is another one.

    Parameters
    ----------
    text : str
        The whole file; a byte-order mark and any line ends are fine, columns may be in any
        order and there may be others.
    source : str
        Named by errors: the file or the address.
    choices : mapping from question to its choices, optional
        Resolves multi-select answers whose choices contain a bar.

    Raises
    ------
    AuthError
        It is a web page: the archive asks for a login that way.
    UsageError
        Not such a CSV, or cut.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] == "<":
        raise AuthError(
            f"{source} is a web page, no CSV of responses",
            hint="the archive shows its login page instead of a study that is not public",
        )
    known = choices or {}
    responses: list[Response] = []
    unreadable: list[UnreadableAnswer] = []
    rows = raw_rows(io.StringIO(text, newline=""), source)
    header = next(rows, (0, []))[1]
    if missing := [name for name in COLUMNS if name not in header]:
        raise UsageError(f"{source} has no column {', '.join(missing)}")
    place = [header.index(name) for name in COLUMNS]
    for number, cells in rows:
        if not cells:
            continue
        where = f"{source}, line {number}"
        if len(cells) != len(header):
            raise UsageError(
                f"{where}: {len(cells)} cells instead of {len(header)}",
                hint="the file may be cut; download it again",
            )
        values = [unguarded(cells[index]) for index in place]
        try:
            responses.append(_response(values, known))
        except ValueError as error:
            unreadable.append(UnreadableAnswer(values[0], f"{where}: {error}"))
    return ResponseTable(tuple(responses), tuple(unreadable))


def _response(cells: list[str], known: Mapping[str, Sequence[str]]) -> Response:
    """Return the answer of a row; a `ValueError` says what is wrong with it."""
    image, annotator, duration, question, kind, answer = cells
    if not (image and annotator and question):
        raise ValueError("an image, an annotator or a question is empty")
    decoded: Answer = answer
    if kind == "multiselect":
        decoded = split_choices(answer, known.get(question, ()))
    elif kind == "number":
        decoded = _decoded_number(answer)
    seconds = _finite(duration, "duration") if duration else None
    return Response(image, annotator, seconds, question, kind, decoded)


def _decoded_number(text: str) -> float | None:
    """Return the number of `{"value": "4.5"}`, `{"value": 4}` or `4.5`; None of an empty one."""
    try:
        value = parse_json(text) if text else None
    except ValueError as error:
        raise ValueError(f"{text!r} is not a number") from error
    if isinstance(value, dict):
        value = value.get("value")
    if value is None or value == "":
        return None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return _finite(value, "number")
    raise ValueError(f"{text!r} is not a number")


def _finite(given: float | str, kind: str) -> float:
    value = finite(given)
    if value is None:
        raise ValueError(f"{str(given)!r} is not a finite {kind}")
    return value


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
