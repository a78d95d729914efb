"""`--report`: what became of every item, one JSON line each, then one summary."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from isic_cli.files.atomic import replacing_text
from isic_cli.files.faults import translated
from isic_cli.models.outcomes import Outcome

if TYPE_CHECKING:
    from isic_cli.models.image import ImageRecord


class Report:
    """Write a report beside its final name and rename it when it is complete.

    A report may replace the one it was made from (`--from run.jsonl --report run.jsonl`), and an
    interrupted run still leaves what it knows.

    Parameters
    ----------
    path : Path or None
        Where to write; None for a report that nobody asked for.

    Raises
    ------
    LocalError
        If the file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stack = ExitStack()
        self._file: IO[str] | None = None
        self._counts: dict[str, int] = {}
        self._has_summary = False
        self._finished: Callable[[list[str]], None] | None = None

    def __enter__(self) -> Self:
        """Open the file now, or with its first line where the run has yet to make its folder."""
        if self._path is not None and self._path.parent.is_dir():
            self._open(self._path)
        return self

    def _open(self, path: Path) -> IO[str]:
        self._file = self._stack.enter_context(replacing_text(path))
        return self._file

    def add(self, outcome: Outcome) -> None:
        """Add one item."""
        self._counts[outcome.status] = self._counts.get(outcome.status, 0) + 1
        if self._path is not None:
            self._write(outcome.line())
        if self._finished is not None and outcome.status == "downloaded" and outcome.path:
            self._finished([outcome.path])

    def tell_files(self, finished: Callable[[list[str]], None] | None) -> None:
        """Have somebody told the path of each file that comes, in the folder of the run."""
        self._finished = finished

    @property
    def is_wanted(self) -> bool:
        """Whether there is a file for it."""
        return self._path is not None

    def listing(self, records: "Iterable[ImageRecord]") -> "Iterator[ImageRecord]":
        """Pass records on, with a line for each: a listing has nothing more to tell."""
        for record in records:
            if self._path is not None:
                self.add(Outcome(record.isic_id, "listed"))
            yield record

    @property
    def counts(self) -> dict[str, int]:
        """How many items have each status so far."""
        return dict(self._counts)

    def summarize(self, **values: Any) -> None:
        """Add the last line: the counts by status and `values`; the first call counts."""
        if not self._has_summary:
            self._has_summary = True
            self._write({"summary": {"counts": self._counts, **values}})

    def _write(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            file = self._file or self._open(self._path)
            with translated(self._path):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the report in its place, whatever ended the run."""
        self._file = None
        self._stack.close()
