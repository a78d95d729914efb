"""Groups of duplicates, found in tiers: same id, same bytes, same pixels, near-duplicates.

Nothing here deletes anything: a group says which pictures belong together, by which evidence, and
which one a policy would keep.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Protocol

from isic_cli.curation.confirm import confirmed_pairs
from isic_cli.curation.groups import Ints
from isic_cli.curation.near_pictures import MOST_COMPARED, NearPair, near_pictures
from isic_cli.curation.phash import Grey
from isic_cli.curation.variants import Signature
from isic_cli.errors import UsageError

#: From the surest to the least sure.
METHODS = ("id", "bytes", "pixels", "phash")
EVIDENCE = (*METHODS, "embeddings")

#: Bits by which the hashes of a copy and of the nearest variant differ at most, as a rule.
DISTANCE = 10

#: The most that may be asked for: beyond it half of all pictures would be compared.
MOST = 16


@dataclass(frozen=True, slots=True)
class ComparedPicture:
    """What is known of one file.

    Attributes
    ----------
    key : str
        Names it: its path.
    isic_id : str
        `""` when the name holds none.
    sha256 : str
        Of the bytes; `""` when not computed.
    signature : Signature or None
        From `variants.signature_of`; None when not computed or the picture is damaged.
    pixels : tuple of (int, int)
        Width and height; zeros when unknown.
    date : str
        ISO 8601 date of its creation, which sorts; `""` when unknown.
    metadata : int
        Metadata fields that have a value.
    """

    key: str
    isic_id: str = ""
    sha256: str = ""
    signature: Signature | None = None
    pixels: tuple[int, int] = (0, 0)
    date: str = ""
    metadata: int = 0


#: What `--keep` may say, and what it puts first; at last `a.jpg` before `a (1).jpg`.
POLICIES: dict[str, Callable[[ComparedPicture], tuple[int | str, ...]]] = {
    "largest": lambda one: (-prod(one.pixels), -one.metadata, len(one.key), one.key),
    "oldest": lambda one: (one.date or "~", one.isic_id, len(one.key), one.key),
    "most-metadata": lambda one: (-one.metadata, -prod(one.pixels), len(one.key), one.key),
}


@dataclass(frozen=True, slots=True)
class Link:
    """Why two pictures are in one group.

    Attributes
    ----------
    left, right : str
        Their keys.
    method : str
        One of `EVIDENCE`.
    distance : int or None
        Bits between the hashes; None for the other methods.
    correlation : float or None
        Of the thumbnails, for `phash`; the cosine, for `embeddings`.
    """

    left: str
    right: str
    method: str
    distance: int | None = None
    correlation: float | None = None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A group of at least two pictures.

    Attributes
    ----------
    pictures : tuple of ComparedPicture
        In the order given.
    links : tuple of Link
        The evidence, surest first.
    """

    pictures: tuple[ComparedPicture, ...]
    links: tuple[Link, ...]

    def keep(self, policy: str) -> ComparedPicture:
        """Return the picture that a policy of `POLICIES` keeps.

        Ties go to the next best, then to the shortest key, then to the smallest. An unknown
        date is the latest.

        Raises
        ------
        UsageError
            No such policy.
        """
        if policy not in POLICIES:
            raise UsageError(f"no policy {policy!r}", hint=f"one of {', '.join(POLICIES)}")
        return min(self.pictures, key=POLICIES[policy])


@dataclass(frozen=True, slots=True)
class Method:
    """What `--method` asks for: the tiers, and the distance of the last."""

    tiers: tuple[str, ...]
    distance: int = DISTANCE

    def gap(self, pictures: int) -> str:
        """Say what a search among so many pictures misses; `""` where it compares all."""
        if pictures <= MOST_COMPARED or "phash" not in self.tiers:
            return ""
        return (
            f"more than {MOST_COMPARED:,} pictures are not all compared: of a hundred copies that "
            "were changed, one to four are not found"
        )


#: The tiers unless others are asked for.
ALL_TIERS = "id,bytes,pixels,phash"


def parse_method(text: str) -> Method:
    """Return the tiers of `id,bytes,pixels,phash:6`, surest first.

    Raises
    ------
    UsageError
        An unknown tier, or a distance that is not a number from 0 to 16.
    """
    distance = DISTANCE
    tiers = set()
    for part in text.split(","):
        name, colon, bits = part.strip().partition(":")
        if name not in METHODS or (colon and name != "phash"):
            raise UsageError(
                f"{part.strip()!r} is not a way to find duplicates",
                hint=f"any of {', '.join(METHODS)}; phash may have a distance, as in phash:4",
            )
        if colon:
            if not bits.isdecimal() or int(bits) > MOST:
                raise UsageError(f"the distance {bits!r} is not a number from 0 to {MOST}")
            distance = int(bits)
        tiers.add(name)
    return Method(tuple(name for name in METHODS if name in tiers), distance)


class PictureReader(Protocol):
    """What the later tiers read again, and only of pictures that look like another."""

    def pixels(self, picture: ComparedPicture) -> str:
        """Return a digest of the decoded pixels, `""` when they cannot be read."""
        ...

    def thumbnail(self, picture: ComparedPicture) -> Grey | None:
        """Return the thumbnail of `phash.fingerprint`, None when it cannot be read."""
        ...


def find_duplicates(
    pictures: Sequence[ComparedPicture],
    method: Method,
    *,
    reader: PictureReader,
    alike: Sequence[tuple[int, int, float]] = (),
) -> list[Duplicates]:
    """Group duplicates, by their first picture; no pair is tied twice, surer tiers come first.

    Parameters
    ----------
    pictures : sequence of ComparedPicture
        With what the tiers need: `isic_id`, `sha256`, `signature`.
    reader : PictureReader
        Asked again for few pictures.
    alike : sequence of (int, int, float)
        Pairs of pictures, by number, whose embeddings are alike, with their cosine.
    """
    found = _Components(pictures)
    if "id" in method.tiers:
        found.tie_equal([picture.isic_id for picture in pictures], "id")
    if "bytes" in method.tiers:
        found.tie_equal([picture.sha256 for picture in pictures], "bytes")
    if {"pixels", "phash"} & set(method.tiers):
        signatures = _signatures_once(pictures, method.tiers)
        pairs = near_pictures(signatures, [one.pixels for one in pictures], method.distance)
        if "pixels" in method.tiers:
            found.tie_pixels(pairs, reader)
        if "phash" in method.tiers:
            found.tie_alike(pairs, reader)
    found.tie_embedded(alike)
    return found.groups()


def _signatures_once(
    pictures: Sequence[ComparedPicture], tiers: Sequence[str]
) -> list[Signature | None]:
    """Return the signature of each picture but of those that bytes tied to an earlier one."""
    first: dict[str, int] = {}
    seen = [one.sha256 if "bytes" in tiers else "" for one in pictures]
    firsts = [first.setdefault(sha256 or str(at), at) for at, sha256 in enumerate(seen)]
    return [one.signature if firsts[at] == at else None for at, one in enumerate(pictures)]


class _Components:
    """The links so far, and the components they make, each known by its first picture."""

    def __init__(self, pictures: Sequence[ComparedPicture]) -> None:
        self._pictures = pictures
        self._earlier = [*range(len(pictures))]
        self._links: list[tuple[int, Link]] = []

    def tie_equal(self, values: Sequence[str], method: str) -> None:
        """Tie each picture to the first with the same value; `""` is not a value."""
        first: dict[str, int] = {}
        for at, value in enumerate(values):
            if value:
                self._tie(first.setdefault(value, at), at, method)

    def tie_pixels(self, pairs: Ints, reader: PictureReader) -> None:
        """Tie the pairs whose decoded pixels are equal."""
        digest = cache(lambda at: reader.pixels(self._pictures[at]))
        for pair in map(NearPair.of, pairs):
            if pair.variant or not self._are_apart(pair):
                continue
            if digest(pair.one) and digest(pair.one) == digest(pair.other):
                self._tie(pair.one, pair.other, "pixels")

    def tie_alike(self, pairs: Ints, reader: PictureReader) -> None:
        """Tie the pairs whose thumbnails confirm what their hashes suggest."""
        found = confirmed_pairs(
            pairs,
            [one.signature for one in self._pictures],
            lambda at: reader.thumbnail(self._pictures[at]),
            [picture.pixels for picture in self._pictures],
            self._are_apart,
        )
        for pair, correlation in found:
            self._tie(pair.one, pair.other, "phash", pair.distance, round(correlation, 4))

    def tie_embedded(self, pairs: Sequence[tuple[int, int, float]]) -> None:
        for one, other, cosine in pairs:
            self._tie(one, other, "embeddings", correlation=round(cosine, 4))

    def _first(self, at: int) -> int:
        """Return the first picture of the component of one, and shorten the way to it."""
        earlier = self._earlier
        while earlier[at] != at:
            earlier[at] = at = earlier[earlier[at]]
        return at

    def _are_apart(self, pair: NearPair) -> bool:
        return self._first(pair.one) != self._first(pair.other)

    def groups(self) -> list[Duplicates]:
        """Return the components of more than one picture."""
        members: dict[int, list[ComparedPicture]] = {}
        for at, picture in enumerate(self._pictures):
            members.setdefault(self._first(at), []).append(picture)
        links: dict[int, list[Link]] = {}
        for one, link in self._links:
            links.setdefault(self._first(one), []).append(link)
        return [Duplicates(tuple(members[at]), tuple(links[at])) for at in members if at in links]

    def _tie(
        self,
        one: int,
        other: int,
        method: str,
        distance: int | None = None,
        correlation: float | None = None,
    ) -> None:
        left, right = self._first(one), self._first(other)
        if left != right:
            self._earlier[max(left, right)] = min(left, right)
            keys = self._pictures[one].key, self._pictures[other].key
            self._links.append((one, Link(*keys, method, distance, correlation)))
