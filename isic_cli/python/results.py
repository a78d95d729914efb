"""What a data set answers: small frozen values that print and render."""

from dataclasses import dataclass, field

from isic_cli.errors import UsageError
from isic_cli.python import html
from isic_cli.python.table import ResultTable

#: Media types of the styles that programs read.
_MEDIA = {
    "bibtex": "application/x-bibtex",
    "cff": "application/yaml",
    "csl": "application/vnd.citationstyles.csl+json",
    "ris": "application/x-research-info-systems",
}


@dataclass(frozen=True, repr=False)
class DatasetSplit:
    """Which image is in which split.

    Attributes
    ----------
    of : dict of str to str
        ISIC id to split.
    images, groups : dict of str to int
        Counts by split; a group are the images of one patient or lesion.
    classes : dict of str to dict
        Split to images by class, of the label or else of what is stratified; `""` is no class.
    """

    of: dict[str, str] = field(hash=False)
    images: dict[str, int] = field(hash=False)
    groups: dict[str, int] = field(hash=False)
    classes: dict[str, dict[str, int]] = field(hash=False, default_factory=dict)

    def ids(self, split: str) -> list[str]:
        """Return the ISIC ids of one split; raises `UsageError` for an unknown one."""
        if split not in self.images:
            raise UsageError(f"split={split!r}", hint=f"One of: {', '.join(self.images)}.")
        return [isic_id for isic_id, found in self.of.items() if found == split]

    def table(self) -> ResultTable:
        """Return a row for each split: images, their share, groups, and images of each class."""
        rows = (
            {
                "split": split,
                "images": count,
                "share": count / max(1, len(self.of)),
                "groups": self.groups[split],
                **{name or "(no class)": n for name, n in self.classes.get(split, {}).items()},
            }
            for split, count in self.images.items()
        )
        return ResultTable.of("split", rows)

    def __repr__(self) -> str:
        """Return one line."""
        counts = ", ".join(f"{split} {count:,}" for split, count in self.images.items())
        return f"<DatasetSplit {counts} images>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, repr=False)
class Citation:
    """A citation of exactly these images.

    Attributes
    ----------
    style : str
        `text`, `apa`, `bibtex`, `csl`, `ris` or `cff`.
    text : str
        The citation.
    images : int
        How many images it is of.
    """

    style: str
    text: str
    images: int

    def __str__(self) -> str:
        """Return the citation."""
        return self.text

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Citation of {self.images:,} images as {self.style}>"

    def _repr_html_(self) -> str:
        return f'<pre style="white-space:pre-wrap">{html.text(self.text)}</pre>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Return it for people, and under its own media type for programs that read notebooks."""
        shown = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return shown | ({_MEDIA[self.style]: self.text} if self.style in _MEDIA else {})
