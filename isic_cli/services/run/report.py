"""`--report`: what became of every item, one JSON line each, then one summary."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from isic_cli.errors import LocalError

#: The keys of an item, in order: a contract.
ITEM_KEYS = ("isic_id", "status", "reason", "bytes", "seconds", "attempts", "path", "sha256")


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
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part") if path else None
        self._file: IO[str] | None = None
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Open the file beside the final one."""
        if self._part is not None:
            try:
                # A file name need not be text: what is not is escaped, as JSON escapes it.
                self._file = self._part.open(
                    "w", encoding="utf-8", newline="\n", errors="backslashreplace"
                )
            except OSError as error:
                raise LocalError(
                    f"cannot write the report {self._path}: {error.strerror}"
                ) from error
        return self

    def item(self, isic_id: str, status: str, **values: Any) -> None:
        """Add one item; `values` are the other keys of `ITEM_KEYS`, absent ones are null."""
        self._counts[status] = self._counts.get(status, 0) + 1
        if self._file is None:
            return
        line = {"isic_id": isic_id, "status": status} | {
            key: values.get(key) for key in ITEM_KEYS[2:]
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @property
    def counts(self) -> dict[str, int]:
        """How many items have each status so far."""
        return dict(self._counts)

    def summarize(self, **values: Any) -> None:
        """Add the last line: the counts by status and `values`."""
        if self._file is not None:
            summary = {"summary": {"counts": self._counts, **values}}
            self._file.write(json.dumps(summary, ensure_ascii=False) + "\n")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the report in its place, whatever ended the run."""
        if self._file is None or self._part is None or self._path is None:
            return
        self._file.close()
        try:
            self._part.replace(self._path)
        except OSError as failure:
            raise LocalError(
                f"cannot write the report {self._path}: {failure.strerror}"
            ) from failure
