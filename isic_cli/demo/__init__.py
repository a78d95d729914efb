"""The demo archive: about sixty drawn pictures with metadata of every kind, from a fixed seed.

Nothing of it was photographed and nobody in it exists, so it needs no licence but this
program's. The ids start at `ISIC_9000000`, far above those the archive has given out, so that
nobody takes one for a real image. The same program draws the same bytes every time.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from isic_cli.errors import LocalError

__all__ = ["DEMO_VERSION", "demo_folder"]

#: Raised whenever what is drawn changes, so that a newer program draws anew.
DEMO_VERSION = 1


def demo_folder(cache_dir: Path, *, draw: Callable[[Path], None] | None = None) -> Path:
    """Return the folder of the demo archive, drawing it on first use.

    It is drawn into a folder of its own and renamed when it is whole, so a run that was cut
    short leaves nothing that looks like a demo, and of two runs at once one wins.

    Parameters
    ----------
    cache_dir : Path
        The user's cache; made if need be.
    draw : callable, optional
        Draws into an empty folder; the demo archive unless told otherwise.

    Raises
    ------
    LocalError
        If it cannot be written.
    """
    folder = cache_dir / "demo" / f"v{DEMO_VERSION}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".drawing-", dir=folder.parent))
        try:
            (draw or _build)(unfinished)
            _settle(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise LocalError(
            f"cannot draw the demo archive in {folder.parent}: {error.strerror}",
            hint="Choose another place with ISIC_CACHE_DIR.",
        ) from error
    return folder


def _build(folder: Path) -> None:
    from isic_cli.demo.build import build

    build(folder)


def _settle(unfinished: Path, folder: Path) -> None:
    unfinished.chmod(0o755)  # mkdtemp makes it private; the cache decides who may look
    try:
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
