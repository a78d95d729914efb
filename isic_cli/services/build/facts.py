"""What a finished build knows of itself: all that a paper, a card or a data sheet may say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

#: The stages that leave images out, in the order in which they run.
STAGES = ("exclude", "quality", "dedupe", "labels")


def archive_of_source(archive: str, url: str, origin: str | None = None) -> str:
    """Return the archive that the images of a source are from; takes what `SourceFacts` has."""
    return (url or archive) if origin is None else origin


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source, or one reference, as it was asked.

    Attributes
    ----------
    name : str
        As the recipe calls it; `source` when it has only one.
    archive : str
        As `--archive` takes it: `prod`, `demo`, a URL; of a folder its last name.
    url : str
        Of the archive; `""` for one on this machine.
    query : str
        In the archive's search language; `""` for everything.
    collections : tuple of (str, str or None)
        Name and DOI.
    filters : dict of str to str
        The other keys of the selection that were given, such as `license` and `sample`.
    images : int
        How many it gave, those included that another source had given before.
    origin : str or None
        Of a folder the archive that its lock names, `""` when nothing does; else None.
    """

    name: str
    archive: str
    url: str
    query: str
    collections: tuple[tuple[str, str | None], ...]
    filters: Mapping[str, str]
    images: int
    origin: str | None = None

    @property
    def came_from(self) -> str:
        """The archive that the images are from, as a lock names it; `""` when nothing tells it."""
        return archive_of_source(self.archive, self.url, self.origin)


@dataclass(frozen=True, slots=True)
class ReferenceFacts:
    """A data set that this one must have nothing in common with.

    Attributes
    ----------
    source : SourceFacts
        What it is.
    share : tuple of str
        `id`, `lesion`, `patient`: an image that has one in common was left out.
    pictures : bool
        Whether near-duplicates of its pictures were left out too.
    """

    source: SourceFacts
    share: tuple[str, ...]
    pictures: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """How many images a stage left out for one reason; 0 for a rule that no image met."""

    stage: str
    reason: str
    images: int


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image of a source and what became of it.

    Attributes
    ----------
    source : str
        The first source that gave it.
    metadata : mapping
        Its flat row, `attribution`, `copyright_license`, `lesion_id` and `patient_id` included;
        an absent value is an absent key.
    label, split : str
        `""` without one.
    stage, reason : str
        What left it out, and why; both `""` for an image of the data set.
    """

    isic_id: str
    source: str
    metadata: Mapping[str, Any]
    label: str = ""
    split: str = ""
    stage: str = ""
    reason: str = ""

    @property
    def is_in(self) -> bool:
        """Whether it is an image of the data set."""
        return not self.stage


@dataclass(frozen=True, slots=True)
class DedupeFacts:
    """How duplicates were looked for.

    Attributes
    ----------
    tiers : tuple of str
        `id`, `bytes`, `pixels`, `phash`, surest first.
    distance : int
        Bits of 64 by which perceptual hashes differ at most.
    keep : str
        Which picture of a group stays: `largest`, `oldest` or `most-metadata`.
    action : str
        `drop`: the others are left out; `group`: all stay, in one split; `""` where only copies
        of the references' pictures were looked for.
    groups, images : int
        Groups of duplicates among the images of the data set, and the images in them.
    shared_groups, shared_images : int
        Groups that a picture of a reference is in, and our images in them: all were left out.
    pictures : int
        Pictures that were searched, those of references among them.
    """

    tiers: tuple[str, ...]
    distance: int
    keep: str
    action: str
    groups: int
    images: int
    shared_groups: int = 0
    shared_images: int = 0
    pictures: int = 0

    @property
    def gap(self) -> str:
        """What the search may have missed; `""` where it compared all."""
        from isic_cli.curation.duplicates import Method  # numpy, which most builds need not load

        return Method(self.tiers).gap(self.pictures)


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """Where the labels are from.

    Attributes
    ----------
    kind : str
        `scheme`, `table`, or `field` of the metadata.
    scheme : str
        Name of the scheme, file of the table, or the field.
    title, version : str
        As the scheme says; the version of a table is its SHA-256, a field has neither.
    labels : tuple of str
        Every label, in order.
    unmapped : str
        What became of images without one: `drop`, `keep` or `refuse`.
    """

    kind: str
    scheme: str
    title: str
    version: str
    labels: tuple[str, ...]
    unmapped: str


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """How the data set was split.

    Attributes
    ----------
    names : tuple of str
        The splits, a hold-out last.
    shares : tuple of float
        Asked for; they add up to 1, and a hold-out has none.
    seed : int
        Another seed, another split.
    group : tuple of str
        Fields whose equal values stay in one split: `patient_id`, `lesion_id`, `rcm_case_id`.
    duplicates : bool
        Whether duplicates that stayed were kept in one split too.
    stratify : str
        The field whose values each split has its share of; `""` for none.
    stable : bool
        Whether groups were placed by their hashes alone.
    hold_out : tuple of (str, str)
        Field and value of what was kept apart.
    groups : dict of str to int
        Groups in each split.
    ungrouped : int
        Images without any id that ties them to others.
    leaks : int
        Groups found in more than one split when the split was checked.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    seed: int
    group: tuple[str, ...]
    duplicates: bool
    stratify: str
    stable: bool
    hold_out: tuple[tuple[str, str], ...]
    groups: Mapping[str, int]
    ungrouped: int
    leaks: int


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """One export: its folder below the build, its layout, and how its pictures were written."""

    name: str
    kind: str
    size: str
    encode: str
    images: int


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """A finished build.

    Attributes
    ----------
    name, title, description : str
        As the recipe has them; the title is the name where it has none.
    authors : tuple of str
        As the recipe has them.
    listed : date
        When the archive was asked.
    tool : str
        Name and version of this program.
    recipe : str
        SHA-256 of the recipe's meaning, in hexadecimal.
    sources : tuple of SourceFacts
        In the order of the recipe.
    references : tuple of ReferenceFacts
        In the order of the recipe.
    removals : tuple of Removal
        By stage, then the most images first.
    images : iterable of ImageFacts
        Every image of the sources by ISIC id, those that were left out included. Iterating
        reads them anew: 400,000 of them do not fit into memory.
    challenges : tuple of str
        Names of the challenges that sources are of, as the papers on them are found by.
    """

    name: str
    title: str
    description: str
    authors: tuple[str, ...]
    listed: date
    tool: str
    recipe: str
    sources: tuple[SourceFacts, ...]
    references: tuple[ReferenceFacts, ...]
    removals: tuple[Removal, ...]
    images: Iterable[ImageFacts]
    dedupe: DedupeFacts | None = None
    labels: LabelFacts | None = None
    split: SplitFacts | None = None
    exports: tuple[ExportFacts, ...] = ()
    challenges: tuple[str, ...] = field(default=())
