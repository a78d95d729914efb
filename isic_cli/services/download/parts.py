"""Files on their way: in `.isic/parts/`, until they are whole.

They lie there and not beside their targets, so that a folder of pictures never shows half a
picture to whoever lists it, and so that one look at one small folder finds all leftovers; it
is the same file system, so the last step is still one renaming.

While a run writes, a part carries the run's random token in its name, so that two runs never
write into one part, lock or no lock. A part that is kept to be resumed loses the token, and
beside it a small JSON file says which version of the file it belongs to (the strong ETag) and
how many of its bytes are known to be on disk. Nothing else is ever resumed.

Nothing is synced for a file that arrives in one go: `kill -9` loses no bytes that the kernel
has, syncing costs five times the renaming, and after a power failure size and time in the
journal tell. What a resume will build upon is synced first.
"""

import os
import re
import secrets
from pathlib import Path

from isic_cli.errors import LocalError
from isic_cli.files import STATE
from isic_cli.files.faults import local_error
from isic_cli.files.load import load_json
from isic_cli.services.download.partfile import PartFile, Write, strong

_RUNNING = re.compile(r"(?P<name>.+)\.[0-9a-f]{8}\.part")


class PartStore:
    """The parts of one folder.

    Parameters
    ----------
    folder : Path
        The download folder.
    write : callable
        `os.write`, or something that fails like a full disk.
    """

    def __init__(self, folder: Path, *, write: Write = os.write) -> None:
        self.folder = folder / STATE / "parts"
        self._token = secrets.token_hex(4)
        self._write = write
        self._known: set[str] = set()

    def kept(self) -> dict[str, int]:
        """Return the name of every file that could be resumed, with its bytes; touch nothing."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return {}
        states = (name.removesuffix(".json") for name in names if name.endswith(".part.json"))
        found = ((name.removesuffix(".part"), self.state(name)) for name in states)
        return {name: state[1] for name, state in found if state is not None}

    def state(self, part: str) -> tuple[str, int] | None:
        """Return the ETag and the safe bytes of a part; None when it cannot be resumed."""
        try:
            values = load_json(self.folder / f"{part}.json")
            etag, size = values["etag"], values["size"]
        except (OSError, LocalError, ValueError, KeyError, TypeError):
            return None
        if not isinstance(size, int) or size <= 0 or not isinstance(etag, str):
            return None
        return None if strong(etag) is None else (etag, size)

    def sweep(self) -> None:
        """Make the folder, and put what dead runs left in order: resumable, or gone.

        Raises
        ------
        LocalError
            When the folder cannot be made or changed.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(self.folder.iterdir()):
                self._tidy(path)
            self._known = set(self.kept())
        except OSError as error:
            raise local_error(error, self.folder) from error

    def _tidy(self, path: Path) -> None:
        if running := _RUNNING.fullmatch(path.name):
            stable = f"{running['name']}.part"
            if self.state(stable) is not None and not (self.folder / stable).exists():
                path.replace(self.folder / stable)
            else:
                path.unlink(missing_ok=True)
        elif path.suffix == ".part" and self.state(path.name) is None:
            path.unlink(missing_ok=True)

    def keep(self, part: PartFile) -> int:
        """Keep what has come of a file to be resumed later; return its bytes.

        Raises
        ------
        LocalError
            When the disk refuses; nothing of the part is left then.
        """
        try:
            kept = part.keep()
        except LocalError:
            part.discard()
            raise
        if kept:
            self._known.add(part.name)
        return part.size

    def open(self, name: str) -> PartFile:
        """Return the part of a file: what can be resumed is taken over, else nothing is made."""
        # Looking for a state file that is not there would cost as much as the hash.
        state = self.state(f"{name}.part") if name in self._known else None
        return PartFile(self.folder, name, token=self._token, write=self._write, state=state)
