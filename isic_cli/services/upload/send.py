"""Upload planned pictures to a cohort, a few side by side, and never one twice."""

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import ArchiveSpec
from isic_cli.errors import (
    AuthError,
    IsicError,
    LocalError,
    NotFoundError,
    RefusedError,
    TransferError,
    UsageError,
)
from isic_cli.files.digest import sha256_of
from isic_cli.files.faults import translated
from isic_cli.files.jsonl import Journal, to_line
from isic_cli.files.load import DataError, parse_json
from isic_cli.models.contribution import Cohort
from isic_cli.models.outcomes import Outcome
from isic_cli.services.run.workers import open_threads
from isic_cli.services.upload.plan import UploadPlan

#: Uploads side by side.
LANES = 4

UPLOAD_COLUMNS = ("file", "status", "accession", "bytes", "reason")

#: Bytes read at once.
_CHUNK = 1 << 20

#: What the archive says about a file name that the cohort has.
_TAKEN = "already exists"


class UploadJournal:
    """What was uploaded from this machine, so that a second run sends nothing twice.

    The archive cannot be asked what a cohort has.

    Parameters
    ----------
    path : Path
        One file for each cohort; losing it costs time, not data.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, _upload_of, writable=True)

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Whether a file of this name and SHA-256 was uploaded."""
        return key in self._journal

    def accession(self, key: tuple[str, str]) -> int | None:
        """Return the archive's number of an uploaded file."""
        line = self._journal.get(key)
        number: int | None = None if line is None else parse_json(line)["accession"]
        return number

    def add(self, name: str, sha256: str, accession: int | None) -> None:
        """Write down an upload, at once.

        Raises
        ------
        LocalError
            When it cannot be written.
        """
        entry = {"name": name, "sha256": sha256, "accession": accession}
        self._journal.append((name, sha256), to_line(entry))


def _upload_of(line: bytes) -> tuple[str, str] | None:
    try:
        entry = parse_json(line)
        _ = entry["accession"]
        return str(entry["name"]), str(entry["sha256"])
    except (DataError, KeyError, TypeError):
        return None


class Uploader:
    """Uploads planned files to one cohort.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    cohort : Cohort
        Where they go.
    journal : UploadJournal
        What was uploaded before.
    advance : callable
        Told of bytes as they are sent.
    """

    def __init__(
        self,
        api: ArchiveApi,
        cohort: Cohort,
        journal: UploadJournal,
        *,
        advance: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._api = api
        self._cohort = cohort
        self._journal = journal
        self._advance = advance

    @classmethod
    def open(
        cls, api: ArchiveApi, cohort: Cohort, advance: Callable[[int], object] = lambda _: None
    ) -> Self:
        """Return what uploads to a cohort, with what this machine sent there before."""
        settings = api.settings
        journal = UploadJournal(journal_path(settings.cache_dir, settings.archive, cohort))
        return cls(api, cohort, journal, advance=advance)

    def run(self, plan: UploadPlan) -> Iterator[Outcome]:
        """Yield the outcome of each file, in their order; a few go side by side.

        Status `present`: the cohort has it already. `extra` has the `accession`, the archive's
        number, where it gave one.

        Raises
        ------
        AuthError
            When the archive wants a login: no other file will do better.
        """
        with open_threads(LANES, "isic-upload") as workers:
            yield from workers.stream(lambda path: self._one(path, plan.metadata), plan.files)

    def _one(self, path: Path, metadata: Mapping[str, dict[str, str]]) -> Outcome:
        began = time.monotonic()
        sha256, size = _digest(path)
        done = Outcome("", "present", bytes=size, path=str(path), sha256=sha256)
        key = (path.name, sha256)
        if key in self._journal:
            return done._replace(extra={"accession": self._journal.accession(key)})
        try:
            field_value = self._send(path, size)
            number = self._api.create_accession(
                self._cohort.id, field_value, metadata=metadata.get(path.name)
            )
        except AuthError:
            raise
        except IsicError as error:
            if isinstance(error, RefusedError) and _TAKEN in error.message:
                self._journal.add(path.name, sha256, None)
                return done
            return done._replace(status="failed", reason=error.message)
        self._journal.add(path.name, sha256, number)
        seconds = round(time.monotonic() - began, 3)
        return done._replace(status="uploaded", seconds=seconds, extra={"accession": number})

    def _send(self, path: Path, size: int) -> str:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        upload = self._api.begin_upload(path.name, size, kind)
        sent, start = [], 0
        for part in upload.parts:
            chunks = _reader(path, start, part.size, self._advance)
            sent.append(self._api.send_part(part, chunks))
            start += part.size
        return self._api.finish_upload(upload, sent)


def upload_row(outcome: Outcome) -> dict[str, Any]:
    """Return what became of a file as a row of a listing."""
    found = (outcome.path, outcome.status, outcome.extra.get("accession"))
    return dict(zip(UPLOAD_COLUMNS, (*found, outcome.bytes, outcome.reason), strict=True))


def _digest(path: Path) -> tuple[str, int]:
    with translated(path, "cannot read"):
        return sha256_of(path), path.stat().st_size


def _reader(
    path: Path, start: int, size: int, advance: Callable[[int], object]
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        left = size
        try:
            with path.open("rb") as stream:
                stream.seek(start)
                while left and (chunk := stream.read(min(left, _CHUNK))):
                    left -= len(chunk)
                    yield chunk
                    advance(len(chunk))
        except OSError as error:
            raise LocalError(f"cannot read {path}: {error.strerror or error}") from error
        if left:
            raise TransferError(f"{path} has become shorter while it was uploaded")

    return chunks


def find_cohort(api: ArchiveApi, name: str) -> Cohort:
    """Return the cohort of this id or name.

    Raises
    ------
    NotFoundError, UsageError
        For none, or several.
    """
    if name.isdigit():
        return api.cohort(int(name))
    found = [one for one in api.cohorts() if one.name == name]
    if not found:
        raise NotFoundError(f"no cohort {name!r} of yours", hint="`isic cohort list` lists them.")
    if len(found) > 1:
        numbers = ", ".join(str(one.id) for one in found)
        raise UsageError(f"the name {name!r} fits several cohorts: {numbers}", hint="Give the id.")
    return found[0]


def journal_path(cache_dir: Path, archive: ArchiveSpec, cohort: Cohort) -> Path:
    """Return where the uploads to a cohort are written down."""
    named = archive.url if archive.folder is None else str(archive.folder.resolve())
    place = "".join(one if one.isalnum() else "-" for one in named).strip("-")
    return cache_dir / "uploads" / f"{place}-{cohort.id}.jsonl"
