"""The images of a challenge, by the tables that its site publishes."""

from collections.abc import Mapping
from pathlib import Path

from isic_cli.challenge.catalogue import ChallengeFile
from isic_cli.challenge.tasks import find_task
from isic_cli.config import Settings
from isic_cli.errors import NetworkError, PartialError, UsageError
from isic_cli.services.build.model import SourceTable
from isic_cli.services.build.named import challenge_files
from isic_cli.services.challenge.lock import ChallengeLock
from isic_cli.tables.ids import read_ids


def challenge_ids(
    sources: Mapping[str, SourceTable], folder: Path, settings: Settings
) -> dict[str, tuple[str, ...]]:
    """Fetch the tables of the challenges that sources name, and return their ISIC ids.

    Parameters
    ----------
    folder : Path
        Keeps the tables and their SHA-256: a table that the site replaced is refused.

    Raises
    ------
    NetworkError, PartialError
        A table could not be had.
    UsageError
        The tables of a challenge name no image.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, source in sources.items():
        if source.challenge:
            files = challenge_files(source.challenge)
            _fetch(files, folder, settings)
            ids: dict[str, None] = {}
            for one in files:
                ids |= dict.fromkeys(_ids_in(folder / one.name))
            if not ids:
                raise UsageError(f"the tables of {source.challenge} name no image")
            found[name] = tuple(ids)
    return found


def _fetch(files: list[ChallengeFile], folder: Path, settings: Settings) -> None:
    from isic_cli.services.challenge.fetch import ChallengeDownload, FetchOptions
    from isic_cli.services.challenge.host import open_host

    with open_host(settings) as (host, url):
        job = ChallengeDownload(host, url, folder, FetchOptions(retries=settings.retries))
        for outcome in job.run(job.plan(files)):
            if outcome.is_bad:
                is_away = (outcome.extra or {}).get("exit_code") == NetworkError.exit_code
                kind = NetworkError if is_away else PartialError
                raise kind(f"{outcome.path} of the challenge: {outcome.reason}")


def _ids_in(path: Path) -> tuple[str, ...]:
    """Return the ids of a table; none of one that names lesions only, as a truth of MILK10k."""
    try:
        return read_ids(str(path)).ids
    except UsageError:
        return ()


def challenge_names(sources: Mapping[str, SourceTable]) -> dict[str, str]:
    """Return the challenge of each source that is of one, as the papers on it are found by."""
    names = {}
    for name, source in sources.items():
        if source.challenge:
            first = challenge_files(source.challenge)[0]
            names[name] = find_task(f"{first.year}:{first.tasks[0]}").source
    return names


def challenge_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each table that was fetched."""
    return {name: one.sha256 for name, one in ChallengeLock(folder).files.items()}
