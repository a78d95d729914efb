"""A gallery as files: the page of `isic serve` over a folder of thumbnails, opened from disk.

The pictures are a download folder of their own, `images/`, so that whom to credit, licences and
a second run that fetches only what is missing are those of any download. Beside it lie the page
and `data.js`, which holds what a server would be asked for.
"""

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from isic_cli.config import PROD_URL, SANDBOX_URL
from isic_cli.errors import UsageError
from isic_cli.files.atomic import replacing_text, write_text
from isic_cli.files.faults import translated
from isic_cli.query.fields import FIELDS, UNSEARCHABLE
from isic_cli.services.download.journal import DownloadJournal, Entry

#: The download folder within a gallery.
IMAGES = "images"
#: Fields that describe an image in a few words, the most exact first.
_CAPTIONS = ("diagnosis_3", "diagnosis_2", "diagnosis_1")
_NOTE = (
    "These are files: facets, terms, ranges and brackets work as in the archive's search, and a "
    "word without a field is looked for in all text. Marks stay in this browser."
)
#: From disk a browser loads no modules, so that the scripts are joined into one, in this order.
_SCRIPTS = (
    *("dom", "state", "terms", "matching", "files", "server", "grid", "facets", "query"),
    *("marks", "stage", "superpixels", "viewer", "pairs", "main"),
)
_IMPORT = re.compile(r'^import (\{.*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
_MODULE = '<script type="module" src="page/main.js"></script>'
_CLASSIC = """\
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' file:; \
style-src 'self' file:; img-src 'self' file:; base-uri 'none'; form-action 'none'">
<script defer src="page/data.js"></script>
<script defer src="page/page.js"></script>"""


@dataclass(frozen=True, slots=True)
class GalleryInfo:
    """What a gallery says of itself.

    Attributes
    ----------
    title : str
        Its heading.
    command_prefix : str
        How `isic` is called for the archive that the images are of.
    """

    title: str
    command_prefix: str = "isic"


def command_prefix(archive: str) -> str:
    """Return how whoever gets the gallery calls isic.

    Parameters
    ----------
    archive : str
        That the images are from, as a lock names it; `""` when nothing tells it.
    """
    name = "sandbox" if archive == SANDBOX_URL else archive
    return shlex.join(["isic", *(["--archive", name] if name not in {"", PROD_URL} else [])])


@dataclass
class Gallery:
    """The page around a folder of pictures.

    Attributes
    ----------
    out : Path
        The folder of the gallery; the pictures are in `images/` there.
    count : int
        Images on the page; known once it was written.
    private : int
        How many of them not everybody may see.
    """

    out: Path
    info: GalleryInfo
    count: int = 0
    private: int = 0
    _names: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Refuse a folder in which other things lie.

        Raises
        ------
        UsageError
            It has an `index.html` that is not a gallery's.
        LocalError
            It cannot be read.
        """
        with translated(self.out):
            has_page = (self.out / "index.html").exists()
            if has_page and not (self.out / "page" / "data.js").is_file():
                raise UsageError(
                    f"{self.out} holds an index.html of something else",
                    hint="Write the gallery into a folder of its own.",
                )

    def write(self) -> None:
        """Write the page for the pictures that are in `images/`; `index.html` comes last.

        Raises
        ------
        LocalError
            When a file cannot be written.
        """
        self.count = write_page(self.out, self._records(), self._about)

    def _about(self) -> dict[str, Any]:
        return described(self.info, self._names)

    def _records(self) -> Iterator[dict[str, Any]]:
        """Yield an image's row with its files, sorted by ISIC id."""
        with DownloadJournal(self.out / IMAGES, writable=False) as journal:
            for entry in journal.entries():
                if entry.variant != "thumbnail" or not (self.out / IMAGES / entry.path).is_file():
                    continue
                self.private += not entry.public
                yield self._record(entry, journal.get(entry.isic_id, "full"))

    def _record(self, small: Entry, large: Entry | None) -> dict[str, Any]:
        row = {name: value for name, value in small.record.items() if value not in (None, "")}
        self._names.update(row)
        shown = {"thumb": _address(small), **captions(row)}
        if large is not None and (self.out / IMAGES / large.path).is_file() and _is_shown(large):
            shown["file"] = _address(large)
        return {**row, **shown}


def write_page(
    out: Path, records: Iterable[Mapping[str, Any]], about: Callable[[], Mapping[str, Any]]
) -> int:
    """Write a page over files into a folder, `index.html` last; return how many images it shows.

    Parameters
    ----------
    out : Path
        The folder of the gallery.
    records : iterable of mapping
        The fields of each image, and `thumb`, `file`, `caption`, `credit` and `layers` of it;
        paths are below `out`.
    about : callable
        Asked for what `described` returns, once all records were written.

    Raises
    ------
    LocalError
        When a file cannot be written.
    """
    page = files("isic_cli") / "serve" / "page"
    number = 0
    with replacing_text(out / "page" / "data.js", parents=True) as stream:
        stream.write('window.GALLERY = {"records": [\n')
        for number, record in enumerate(records, start=1):
            stream.write(f"{',' if number > 1 else ''}{json.dumps(record)}\n")
        stream.write(f"], {json.dumps(about())[1:]};\n")
    for name in ("style.css", "icon.svg"):
        write_text(out / "page" / name, (page / name).read_text("utf-8"))
    modules = {name: (page / f"{name}.js").read_text("utf-8") for name in _SCRIPTS}
    write_text(out / "page" / "page.js", _joined(modules))
    index = (page / "index.html").read_text("utf-8")
    write_text(out / "index.html", index.replace(_MODULE, _CLASSIC))
    return number


def described(info: GalleryInfo, names: Collection[str]) -> dict[str, Any]:
    """Return what a page over files says of itself, given the fields that its images have."""
    ordered = [name for name in FIELDS if name in names]
    ordered += sorted(set(names).difference(FIELDS))
    return {
        "title": info.title,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_prefix": info.command_prefix,
        "note": _NOTE,
        "credits": True,
        "collections": False,
        "fields": [{"name": name, "type": _kind(name)} for name in ordered],
        "has": {},
    }


def captions(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what stands below a picture: a few words, and who is to be credited."""
    named = [fields.get(name) for name in ("attribution", "copyright_license")]
    credit = ", ".join(str(one) for one in named if one)
    return {"caption": caption_of(fields), "credit": credit}


def caption_of(fields: Mapping[str, Any]) -> str | None:
    """Return a few words about an image: its most exact short diagnosis; None without one."""
    return next((fields[name] for name in _CAPTIONS if fields.get(name)), None)


def _joined(modules: dict[str, str]) -> str:
    """Join modules, each after those that it imports, to one classic script.

    Each becomes a function that returns what the module exports, so that names stay apart.
    """
    parts = ['"use strict";\n']
    for name, text in modules.items():
        exported = ", ".join(_EXPORT.findall(text))
        body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = \2_js;", text))
        parts.append(f"const {name}_js = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n")
    return "".join(parts)


def _is_shown(entry: Entry) -> bool:
    """Whether browsers show a picture; of a TIFF the thumbnail is shown."""
    return entry.path.endswith((".jpg", ".png"))


def _address(entry: Entry) -> str:
    return quote(f"{IMAGES}/{entry.path}")


def _kind(name: str) -> str:
    if name in UNSEARCHABLE:
        return "number"
    return FIELDS[name].kind if name in FIELDS else "text"
