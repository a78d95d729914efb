"""`challenge.lock`: which files of the challenges a folder holds, and their SHA-256.

The site publishes no checksums: that of the first fetch is kept, and a later fetch must give the
same bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from isic_cli.challenge.catalogue import ChallengeFile
from isic_cli.curation.cite import joined
from isic_cli.errors import LocalError
from isic_cli.files.atomic import write_state
from isic_cli.files.faults import translated
from isic_cli.files.load import load_json
from isic_cli.models.licenses import LICENSES

LOCK = "challenge.lock"
_VERSION = 1

#: `kept`: the file stands there; `unpacking`: its members are on their way out of it;
#: `unpacked`: only they are there.
State = Literal["kept", "unpacking", "unpacked"]


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file.

    Attributes
    ----------
    bytes : int
        Of the file as it was fetched.
    mtime_ns : int
        Of the file when it was last looked at.
    members, unpacked : int
        Files that were unpacked from it, and their bytes.
    """

    url: str
    bytes: int
    sha256: str
    license: str
    state: State
    mtime_ns: int
    members: int = 0
    unpacked: int = 0


class ChallengeLock:
    """The lock of a folder; written after each change.

    Raises
    ------
    LocalError
        For one that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        self.files: dict[str, LockedFile] = {}
        try:
            table: Any = load_json(self._path)
            self.files = {name: LockedFile(**one) for name, one in table["files"].items()}
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(
                f"{self._path} is damaged",
                hint="Restore it, or remove it: the files are hashed anew then.",
            ) from error

    def put(self, name: str, entry: LockedFile) -> None:
        """Note what a file is now."""
        self.files[name] = entry
        self._write()

    def drop(self, name: str) -> None:
        """Forget a file."""
        del self.files[name]
        if self.files:
            self._write()
        else:
            with translated(self._path):
                self._path.unlink()

    def _write(self) -> None:
        files = {name: asdict(self.files[name]) for name in sorted(self.files)}
        write_state(self._path, json.dumps({"version": _VERSION, "files": files}, indent=1) + "\n")


def write_notices(folder: Path, files: Iterable[ChallengeFile]) -> None:
    """Write the licences of files, and the papers that using them obliges one to cite.

    `licenses/CC-BY-NC.txt` names the licence and its page; `CITATION.bib` has the papers.

    Raises
    ------
    LocalError
        When they cannot be written.
    """
    files = list(files)
    for name in {one.license for one in files}:
        path, license_ = folder / "licenses" / f"{name}.txt", LICENSES[name]
        if not path.exists():  # a download of the archive has the whole text
            write_state(path, f"{license_.title} ({license_.spdx})\n{license_.url}\n")
    papers = {paper.doi: paper for one in files for paper in one.papers()}
    if papers:
        write_state(folder / "CITATION.bib", joined("bibtex", list(papers.values())))
