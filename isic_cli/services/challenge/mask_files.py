"""The files of masks or features in a folder or a ZIP, by the image and class of each."""

import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from isic_cli.challenge.catalogue import may_be_truth
from isic_cli.challenge.masks import mask_name
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.errors import CheckError, NotFoundError, UsageError
from isic_cli.files.closing import Closing
from isic_cli.files.faults import shown, translated
from isic_cli.files.walk import walk
from isic_cli.pictures.load import read_bytes
from isic_cli.pictures.mask import read_plain_mask

#: An image and a class: what a mask is of.
Key = tuple[str, str]
#: What stands beside the masks of the site's ZIPs.
_NOTICES = frozenset({"license.txt", "attribution.txt", "licence.txt"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"})


class MaskFiles(Closing):
    """The masks, or feature files, in a folder or in a ZIP, by image and class.

    A context manager. A feature file is of all classes, and has the class `""`.

    Attributes
    ----------
    name : str
        Of the folder or ZIP.
    names : dict of (image, class) to list of str
        Files in their order; more than one is a fault.
    strange : list of str
        Pictures whose names tell no image, or no class.

    Raises
    ------
    NotFoundError, LocalError
        It is absent or cannot be read.
    UsageError
        It is neither, or a ZIP that is damaged.
    """

    def __init__(self, source: Path, task: ChallengeTask) -> None:
        self.name, self._source = source.name, source
        self._stack, self._zip = ExitStack(), None
        if source.is_dir():
            found = (Path(entry.path) for entry in walk(source))
            paths = [str(one) for one in found if may_be_truth(one.relative_to(source), task)]
        elif not source.exists():
            raise NotFoundError(f"no such file: {shown(source)}")
        else:
            self._zip = self._stack.enter_context(self._opened())
            paths = [one.filename for one in self._zip.infolist() if not one.is_dir()]
        self.names: dict[Key, list[str]] = {}
        self.strange: list[str] = []
        for path in sorted(path for path in paths if not path.startswith("__MACOSX")):
            file = Path(path)
            key = mask_name(file.stem, task.classes)
            if task.kind == "superpixels":
                if key is not None and file.suffix.lower() == ".json":
                    self.names.setdefault((key[0], ""), []).append(path)
            elif key is not None and key[1]:
                self.names.setdefault(key, []).append(path)
            elif file.name.lower() not in _NOTICES and file.suffix.lower() in _PICTURES:
                self.strange.append(path)

    def _opened(self) -> zipfile.ZipFile:
        try:
            with translated(self._source, "cannot read"):
                return zipfile.ZipFile(self._source)
        except zipfile.BadZipFile as error:
            raise UsageError(
                f"{shown(self._source)} is neither a folder nor a whole ZIP ({error})"
            ) from error

    def close(self) -> None:
        """Close the ZIP."""
        self._stack.close()

    def data(self, path: str) -> bytes:
        """Return what a file holds.

        Raises
        ------
        CheckError, LocalError
            It is damaged in the ZIP, or cannot be read.
        """
        if self._zip is None:
            return read_bytes(Path(path))
        try:
            return self._zip.read(path)
        except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
            raise CheckError(f"{Path(path).name} in {self.name} is damaged ({error})") from error

    def read(self, path: str) -> Any:
        """Return the values of a mask, ndarray of shape (H, W), uint8.

        Raises
        ------
        UsageError, CheckError, LocalError
            As for `read_plain_mask`.
        """
        return read_plain_mask(self.data(path), name=Path(path).name)

    def only(self, key: Key) -> str:
        """Return the one file of an image and class.

        Raises
        ------
        CheckError
            There is none, or several.
        """
        names = self.names.get(key, [])
        if len(names) != 1:
            what = "several files" if names else "no file"
            raise CheckError(f"{self.name} has {what} of {' '.join(key).strip()}")
        return names[0]
