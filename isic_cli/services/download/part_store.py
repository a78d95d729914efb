"""The parts of a folder's files: which there are, and which can be resumed."""

import os
import re
from pathlib import Path

from isic_cli.api.file_transport import strong
from isic_cli.files import STATE
from isic_cli.files.atomic import rename
from isic_cli.files.faults import translated
from isic_cli.files.load import parse_json
from isic_cli.services.download.part import PartFile, Write

_RUNNING = re.compile(r"(?P<name>.+)\.[0-9a-f]{8}\.part")


class PartStore:
    """The parts of one folder of files; LocalError when the disk refuses.

    Parameters
    ----------
    folder : Path
        Where the files go; the parts are in `.isic/parts/` below it.
    write : callable
        Writes to a descriptor.
    """

    def __init__(self, folder: Path, *, write: Write = os.write) -> None:
        self._folder = folder / STATE / "parts"
        self._prefix = str(self._folder)
        self._token = os.urandom(4).hex()
        self._write = write

    def kept(self) -> dict[str, int]:
        """Return the name of every file that could be resumed, with its bytes; touch nothing."""
        try:
            states = list(self._folder.glob("*.part.json"))
        except OSError:
            return {}
        names = (path.name.removesuffix(".part.json") for path in states)
        return {name: state[1] for name in names if (state := self._state(name)) is not None}

    def _state(self, name: str) -> tuple[str, int] | None:
        """Return the ETag and the safe bytes of a part; None when it cannot be resumed."""
        try:
            values = parse_json((self._folder / f"{name}.part.json").read_bytes())
            etag, size = values["etag"], values["size"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not isinstance(size, int) or size <= 0 or not isinstance(etag, str):
            return None
        return None if strong(etag) is None else (etag, size)

    def sweep(self) -> None:
        """Make the folder; make what dead runs left resumable, or remove it."""
        with translated(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(self._folder.glob("*.part")):
                running = _RUNNING.fullmatch(path.name)
                name = running["name"] if running else path.name.removesuffix(".part")
                stable = self._folder / f"{name}.part"
                if self._state(name) is None or (running and stable.exists()):
                    path.unlink(missing_ok=True)
                elif running:
                    rename(str(path), str(stable))

    def open(self, name: str) -> PartFile:
        """Return the part of a file: what can be resumed is taken over, else nothing is made."""
        # A look costs a microsecond, opening what is not there ten.
        is_kept = os.path.exists(f"{self._prefix}/{name}.part.json")  # noqa: PTH110
        state = self._state(name) if is_kept else None
        return PartFile(self._prefix, name, token=self._token, write=self._write, state=state)
