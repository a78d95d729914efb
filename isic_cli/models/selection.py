"""What a user selects: the same words in every command that takes images."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IdList:
    """Ids read from a file.

    Attributes
    ----------
    name : str
        The file, for messages.
    ids : tuple of str
        In the order they were given, duplicates dropped.
    bad_lines : mapping of int to str
        Lines (counted from 1) that hold no ISIC id, and their text, shortened.
    statuses : tuple of str
        Of a report, the statuses whose items were read; empty for all.
    """

    name: str
    ids: tuple[str, ...]
    bad_lines: Mapping[int, str] = field(default_factory=dict, hash=False)
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images: options of one kind union, different kinds intersect.

    Attributes
    ----------
    query : str
        In the archive's search language; empty for everything.
    collections : tuple of str
        Ids, names or DOIs, as they were typed.
    ids : IdList or None
        `--from`.
    license : str or None
        The strictest licence to admit: `cc-0`, `cc-by` or `cc-by-nc`.
    exclude : IdList or None
        `--exclude`: ids to leave out.
    limit : int
        The first so many; 0 for all.
    shard : str or None
        `I/N`: the I-th of N stable parts, counted from 1.
    sample : int
        Draw so many images; 0 for no sample.
    by : str or None
        The field whose values the sample is balanced over.
    one_per : str or None
        `lesion` or `patient`: the sample holds at most one image of each.
    seed : int
        Another seed, another sample.
    offline : bool
        Ask the index on this machine instead of the archive.
    where : str
        With `offline`: an expression of SQL that must hold too.
    max_age : float or None
        With `offline`: seconds since the last refresh that are still good.
    """

    query: str = ""
    collections: tuple[str, ...] = ()
    ids: IdList | None = None
    license: str | None = None
    exclude: IdList | None = None
    limit: int = 0
    shard: str | None = None
    sample: int = 0
    by: str | None = None
    one_per: str | None = None
    seed: int = 0
    offline: bool = False
    where: str = ""
    max_age: float | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it: the whole archive."""
        return self == Selection(offline=self.offline, max_age=self.max_age)
