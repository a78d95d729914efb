"""A folder kept true from Python: the same work as `isic dataset sync` and `verify --repair`."""

from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import UsageError
from isic_cli.python.downloads import DownloadResult, not_listed, outcomes_of, result_of, taken
from isic_cli.python.transfers import TransferKeywords
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.dataset.lock import Lock


def synchronise(
    folder: Path,
    transfer: TransferKeywords,
    *,
    locked: bool,
    delete: bool,
    max_delete: int,
    dry_run: bool,
) -> DownloadResult:
    """Fetch what is new or changed of a folder's selections; see `Dataset.sync`."""
    from isic_cli.services.dataset.rebuild import Rebuilding, extra_pictures
    from isic_cli.services.dataset.sync import Synchronisation, check_leaving

    if locked and delete:
        raise UsageError("locked deletes nothing: leave delete out")
    if locked and dry_run:
        raise UsageError("locked has no dry run", hint="`verify` tells what differs.")
    with _locked(folder, transfer, is_held=not dry_run) as (api, lock, options):
        if locked:
            rebuilding = Rebuilding(api, lock, options)
            with sidecars_written(rebuilding.write_sidecars):
                outcomes = taken(rebuilding.run())
            differences = [*rebuilding.differences, *extra_pictures(folder, lock)]
            return result_of(folder, [*outcomes, *differences])
        updated: list[Outcome] = []
        job = Synchronisation(api, lock, options, on_update=updated.append)
        if dry_run:
            outcomes = [*outcomes_of(job.planned()), *updated]
            leaving = job.leaving()
            if delete and not job.missed:
                check_leaving(leaving, at_most=max_delete)
        else:
            with sidecars_written(job.write_sidecars):
                outcomes = taken(job.run())
                leaving = job.leaving()
                if delete and not job.missed:
                    leaving = list(job.delete(leaving, at_most=max_delete))
    gone = {one.isic_id for one in leaving}
    problems = [one for one in job.problems() if one.isic_id not in gone]
    return result_of(folder, [*outcomes, *leaving, *problems, *not_listed(job.missed)])


def repair(folder: Path, isic_ids: "Sequence[str]", transfer: TransferKeywords) -> DownloadResult:
    """Fetch files again that are not as the lock says, by its very bytes."""
    from isic_cli.services.dataset.rebuild import Rebuilding
    from isic_cli.services.dataset.verify import distrust

    with _locked(folder, transfer) as (api, lock, options):
        distrust(folder, lock, isic_ids)
        job = Rebuilding(api, lock, options, only=isic_ids)
        with sidecars_written(job.write_sidecars):
            return result_of(folder, [*taken(job.run()), *job.differences])


@contextmanager
def _locked(
    folder: Path, transfer: TransferKeywords, *, is_held: bool = True
) -> "Iterator[tuple[ArchiveApi, Lock, DownloadOptions]]":
    """Give the archive and the lock of a folder, which may be held, and how files are fetched."""
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.opening import open_api
    from isic_cli.settings import resolve

    with Lock(folder) as lock:
        settings = resolve(
            archive=lock.header.archive,
            jobs=transfer.jobs,
            timeout=transfer.timeout,
            retries=transfer.retries,
        )
        holding = folder_lock(folder, wait=transfer.wait) if is_held else nullcontext()
        with open_api(settings) as api, holding:
            yield api, lock, transfer.options(settings, folder, lock.header.variant)
