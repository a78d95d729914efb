"""A folder that a command works in: on this machine, or the copy of one in an object store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from isic_cli.cli.context import Run
from isic_cli.cli.progress import Progress, human_bytes


@dataclass(frozen=True, slots=True)
class FolderAtHand:
    """A folder of this machine, and who is told the paths in it of files that are complete."""

    folder: Path
    finished: Callable[[list[str]], None] | None = None


@contextmanager
def at_hand(folder: Path | str, mode: str, *, writable: bool = True) -> Iterator[FolderAtHand]:
    """Yield a folder of this machine as it is; of one in an object store a copy that goes back.

    Parameters
    ----------
    folder : Path or str
        A path, or the URL of a folder in a store.
    mode : str
        Of `--progress`.
    writable : bool
        False for what is only read: nothing is uploaded.
    """
    if isinstance(folder, Path):
        yield FolderAtHand(folder)
        return
    from isic_cli.services.staging import staged

    run = click.get_current_context().find_object(Run) or Run()
    tickers: dict[str, Progress] = {}

    @contextmanager
    def watch(work: str) -> Iterator[Callable[[int], None]]:
        with Progress(work, "files", mode) as ticker:
            tickers[work] = ticker
            yield lambda size: ticker.advance(bytes=size)

    cache_dir = run.settings().cache_dir
    with staged(folder, cache_dir, writable=writable, watch=watch) as copy:
        yield FolderAtHand(copy.folder, copy.send)
    if (sent := tickers.get("uploading")) is not None:
        words = f"{sent.done:,} files uploaded ({human_bytes(sent.bytes)})"
        click.echo(f"{folder}: {words}.", err=True)
