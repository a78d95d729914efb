"""What a refresh has listed so far: parts of the archive that outlive a kill."""

import json
import re
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from isic_cli.files.atomic import move, replacing_text, write_text
from isic_cli.files.load import load_json
from isic_cli.index.engine import translated

_PLAN = "plan.json"

#: After this long a part may no longer be what the archive has.
_STALE = timedelta(days=1)


class IndexParts:
    """Listed parts in a folder, one file each, named for what they hold and how many rows.

    Parameters
    ----------
    folder : Path
        Made when it is not there. Parts that are older than a day, or of another kind of
        refresh, are removed.
    kind : str
        What is listed; parts of one kind can stand for each other.
    now : datetime
        The time.

    Attributes
    ----------
    began : datetime
        When the listing of the oldest part began.
    """

    def __init__(self, folder: Path, *, kind: str, now: datetime) -> None:
        self._folder = folder
        with translated(str(folder)):
            self.began = self._resumed(kind, now) or self._begun(kind, now)

    def find(self, name: str, rows: int) -> Path | None:
        """Return the file of a part that was listed before, with this many rows."""
        path = self._path(name, rows)
        return path if path.is_file() else None

    def write(self, name: str, lines: Iterable[str]) -> tuple[Path, int]:
        """Write a part; it has its name only when it is whole.

        Parameters
        ----------
        name : str
            What it holds.
        lines : iterable of str
            With their line breaks.

        Returns
        -------
        tuple of (Path, int)
            The file, and the lines in it.
        """
        unnamed = self._folder / f".{name}.part"
        written = 0
        try:
            with replacing_text(unnamed, durable=False) as stream:
                for line in lines:
                    stream.write(line)
                    written += 1
            target = self._path(name, written)
            move(unnamed, target)
        finally:
            # Half a part serves nobody, and on a full disk it is in the way of everything.
            unnamed.unlink(missing_ok=True)
        return target, written

    def clear(self) -> None:
        """Remove all parts: the index has them now."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, name: str, rows: int) -> Path:
        return self._folder / f"{name}-{rows}.part"

    def _resumed(self, kind: str, now: datetime) -> datetime | None:
        try:
            plan = load_json(self._folder / _PLAN)
            began = datetime.fromisoformat(plan["began"])
            fresh = plan["kind"] == kind and timedelta() <= now - began < _STALE
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if not fresh:
            return None
        for left in self._folder.glob(".*.part"):
            left.unlink(missing_ok=True)  # a run that was killed did not
        return began

    def _begun(self, kind: str, now: datetime) -> datetime:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True)
        write_text(self._folder / _PLAN, json.dumps({"kind": kind, "began": now.isoformat()}))
        return now


def excluding(prefixes: Iterable[str]) -> str:
    """Return a condition that holds for ids that begin with none of these prefixes.

    Parameters
    ----------
    prefixes : iterable of str
        `ISIC_` and digits.
    """
    lengths: dict[int, list[str]] = {}
    for prefix in prefixes:
        if not re.fullmatch(r"ISIC_[0-9]*", prefix):
            raise ValueError(f"no prefix of an ISIC id: {prefix!r}")
        lengths.setdefault(len(prefix), []).append(f"'{prefix}'")
    parts = [
        f"left(isic_id, {length}) NOT IN ({', '.join(group)})" for length, group in lengths.items()
    ]
    return " AND ".join(parts) or "TRUE"
