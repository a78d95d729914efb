"""The index of a download folder: Parquet beside its journal, made again when the folder changed.

A folder of a few images is read as it is. Of a larger one the table, the lock and the names of
the pictures are written down once, in the layout of the archive's index, so that no command reads
them all for the few that it wants. The index is believed as long as no folder, table or lock has
another time, size or number than when it was made; what changed is read again, the rest is kept.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from isic_cli.errors import LocalError, LockedError, NotFoundError
from isic_cli.files import STATE
from isic_cli.files.walk import walk
from isic_cli.folder.folderindex import FolderIndex
from isic_cli.folder.freshness import SOURCES, STAMPS, TABLE, Stamps, read_stamps
from isic_cli.folder.scan import STUDIES, kind_of
from isic_cli.index.state import RECORDS, index_lock

#: Pictures of a folder that is read as it is: to open a database takes as long.
SMALL = 1000


def open_folder_index(
    folder: Path, spare: Path, *, writes: Sequence[Path] = (), small: int = SMALL
) -> FolderIndex | None:
    """Open the index of a folder; make it, or what changed of it, first.

    Parameters
    ----------
    folder : Path
        A download folder.
    spare : Path
        Where the index goes when the folder has no `.isic` that can be written.
    writes : sequence of Path
        Files that an export may write.
    small : int
        Pictures of a folder that has no index.

    Returns
    -------
    FolderIndex or None
        None for a folder of few pictures, and for that of a challenge.

    Raises
    ------
    LocalError
        For a table that cannot be read, or a disk that is full.
    """
    if not (folder / TABLE).is_file():
        from isic_cli.challenge.metadata import is_challenge_folder  # rarely, and it needs much

        if is_challenge_folder(folder):
            return None  # its tables have many names, and no stamp
    home = _home(folder, spare)
    stamps = read_stamps(home / STAMPS)
    if stamps is not None and _is_current(folder, stamps):
        with suppress(NotFoundError, LocalError):
            return _opened(home, folder, stamps, writes)
    if not _is_larger(folder, small):
        return None
    from isic_cli.folder.making import IndexMaking  # rarely, and it needs more than reading

    try:
        with index_lock(home, f"the index of {folder}"):
            return _opened(home, folder, IndexMaking(folder, home).run(), writes)
    except LockedError:
        # Somebody else makes it. This run has one of its own, which goes with it.
        with ExitStack() as stack:
            scratch = Path(stack.enter_context(TemporaryDirectory(prefix="isic-")))
            index = _opened(scratch, folder, IndexMaking(folder, scratch).run(), writes)
            index.ending = stack.pop_all()
            return index


def _home(folder: Path, spare: Path) -> Path:
    state = writable_state(folder)
    return state / "index" if state and not (state / "index").is_symlink() else spare


def writable_state(folder: Path) -> Path | None:
    """Return the `.isic` of a download folder; None when there is none that can be written."""
    state = folder / STATE
    is_ours = state.is_dir() and not state.is_symlink() and os.access(state, os.W_OK)
    return state if is_ours else None


def _opened(home: Path, folder: Path, stamps: Stamps, writes: Sequence[Path]) -> FolderIndex:
    index = FolderIndex.open(home, writes=writes)
    if index.state.files[RECORDS].name != stamps.records:
        index.close()
        raise NotFoundError("the index is of another time than its stamps")
    index.root = folder
    return index


def _is_current(folder: Path, stamps: Stamps) -> bool:
    same = all(stamps.has_same(folder, name) for name in SOURCES)
    return same and stamps.has_same_folders(folder)


def _is_larger(folder: Path, small: int) -> bool:
    pictures = 0
    with suppress(NotFoundError):
        for entry in walk(folder, without=(STUDIES,), in_order=False):
            pictures += kind_of(entry.name)[0] == "picture"
            if pictures > small:
                return True
    return False
