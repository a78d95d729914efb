"""The demo archive: sixty drawn pictures with metadata of every kind, from a fixed seed.

Nothing of it was photographed and nobody in it exists, so it needs no licence but this
program's. The ids start at `ISIC_9000000`, far above those the archive has given out, so that
nobody takes one for a real image. The same program draws the same bytes every time.
"""

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from isic_cli.demo.rows import BYTES, shots
from isic_cli.demo.tables import marked_shots, write_json, write_tables
from isic_cli.errors import LocalError
from isic_cli.files.atomic import rename, replacing_bytes, write_state
from isic_cli.files.load import read_text

__all__ = ["DEMO_VERSION", "DrawnFiles", "demo_folder", "own_collections"]

#: Raised whenever what is drawn changes, so that a newer program draws anew.
DEMO_VERSION = 3

_ANNOTATIONS = "studies/2/annotations.json"


def demo_folder(cache_dir: Path, *, write: Callable[[Path], None] = write_tables) -> Path:
    """Return the folder of the demo archive, writing its tables on first use.

    They are written into a folder of its own that is renamed when it is whole, so a run that was
    cut short leaves nothing that looks like a demo, and of two runs at once one wins. Pictures
    are drawn later, see `DrawnFiles`.

    Parameters
    ----------
    cache_dir : Path
        The user's cache; made if need be.
    write : callable, optional
        Writes into an empty folder; the demo archive unless told otherwise.

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
            write(unfinished)
            _rename(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise LocalError(
            f"cannot write the demo archive in {folder.parent}: {error.strerror}",
            hint="Choose another place with ISIC_CACHE_DIR.",
        ) from error
    return folder


def own_collections(folder: Path, name: str) -> Path:
    """Return the `collections.json` of somebody who may change it; at first a copy of the demo's.

    Raises
    ------
    LocalError
        If it cannot be written.
    """
    own = folder.with_name(f"{folder.name}.users") / name / "collections.json"
    if not own.exists():
        write_state(own, read_text(folder / "collections.json"))
    return own


def _rename(unfinished: Path, folder: Path) -> None:
    unfinished.chmod(0o755)  # mkdtemp makes it private; the cache decides who may look
    try:
        rename(str(unfinished), str(folder))
    except OSError:
        if not folder.is_dir():
            raise


class DrawnFiles:
    """The files of a demo folder that are drawn when they are first asked for.

    Parameters
    ----------
    folder : Path
        With the tables.

    Attributes
    ----------
    sizes : mapping of str to (int or None)
        Every such file by its path below the folder, with its bytes as far as they are known.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._shots = {name: shot for shot in shots() for name in shot.files}
        known = {shot.files[0]: BYTES[shot.number] for shot in self._shots.values()}
        self.sizes: Mapping[str, int | None] = {
            **{name: known.get(name) for name in self._shots},
            _ANNOTATIONS: None,
        }

    def make(self, name: str) -> None:
        """Draw a file, and those that are drawn with it, unless it is there, or is none.

        Raises
        ------
        LocalError
            If it cannot be written.
        """
        with self._lock:
            if (self._folder / name).exists():
                return
            if name == _ANNOTATIONS:
                self._draw_markups()
            elif name in self._shots:
                from isic_cli.demo.drawing import draw  # numpy and Pillow, for who asks pictures

                self._write(draw(self._shots[name]))

    def _draw_markups(self) -> None:
        from isic_cli.demo import annotators
        from isic_cli.demo.drawing import draw_markups

        markups = {}
        images = marked_shots(shots())
        for shot in images:
            said, masks = draw_markups(shot)
            markups.update(said)
            self._write({f"studies/2/masks/{file}": body for file, body in masks.items()})
        names = [shot.isic_id for shot in images]
        write_json(self._folder / _ANNOTATIONS, annotators.annotations(2, names, markups))

    def _write(self, bodies: Mapping[str, bytes]) -> None:
        for name, body in bodies.items():
            # They can be drawn again, so that nobody need wait for the disk.
            with replacing_bytes(self._folder / name, parents=True, durable=False) as stream:
                stream.write(body)
