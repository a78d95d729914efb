"""What a build did: a key for each stage, so that only what changed is done again.

The key of a stage is the hash of its options, of the version of its code and of what the stages
before it gave. A stage is done again when its key is another one, or when a file that it wrote is
not as it left it; but not when all that it reads of the stages before it is as it was.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from isic_cli.errors import LocalError, UsageError
from isic_cli.files import STATE
from isic_cli.files.atomic import replacing_bytes, write_state
from isic_cli.files.digest import mark_of
from isic_cli.files.jsonl import to_line
from isic_cli.files.load import load_json, open_regular, parse_json

#: Where a build has the pictures of its sources, and those of references by name.
PICTURES, REFERENCES = "pictures", "references"
#: Its tables: the data set, and who was left out.
TABLE, EXCLUDED = "dataset.csv", "excluded.csv"

#: Of the format of the state.
_VERSION = 1
#: What may lie in a folder before its first build.
_HARMLESS = frozenset({"build.lock", STATE})
_MOST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class StageRecord:
    """How a stage ended.

    Attributes
    ----------
    key : str
        Of its options and inputs.
    options, inputs : dict
        What the key was made of, to tell what changed.
    output : str
        SHA-256 of what it decided: the input of later stages.
    products : dict of str to str
        Path in the build → its mark, see `mark_of`.
    facts : dict
        What later stages and documents say of it.
    reads : str
        Digest of all that it read of the stages before it; `""` for one that reads all they gave.
    """

    key: str
    options: Mapping[str, Any]
    inputs: Mapping[str, str]
    output: str
    products: Mapping[str, str]
    facts: Mapping[str, Any]
    reads: str = ""


@dataclass
class BuildState:
    """The state of a build's folder.

    Attributes
    ----------
    out : Path
        The folder.
    name : str
        Of the recipe that is built in it.
    stages : dict of str to StageRecord
        Those that ended, by name.
    """

    out: Path
    name: str
    stages: dict[str, StageRecord] = field(default_factory=dict)

    @classmethod
    def open(cls, out: Path, name: str) -> Self:
        """Read the state of a folder.

        Raises
        ------
        UsageError
            It holds files of others, or the build of another recipe.
        LocalError
            The state is damaged, or of a newer version.
        """
        path = out / STATE / "build/state.json"
        try:
            values = load_json(path, most=_MOST_BYTES)
            version, owner = values["version"], values["name"]
            stages = {stage: StageRecord(**one) for stage, one in values["stages"].items()}
        except FileNotFoundError:
            refuse_foreign(out)
            return cls(out, name)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(f"{path} is damaged", hint="Remove it: all is built anew.") from error
        if version != _VERSION:
            raise LocalError(f"{path}: its version is not known here", hint="Install a newer isic.")
        if owner != name:
            raise UsageError(
                f"{out} holds the build of {owner}, not of {name}",
                hint="Build into another folder.",
            )
        return cls(out, name, stages)

    def path(self, name: str) -> Path:
        """Return the path of a file of state."""
        return self.out / STATE / "build" / name

    def inputs(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return what some stages gave."""
        return {name: self.stages[name].output if name in self.stages else "" for name in names}

    def why(
        self, stage: str, key: str, options: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> str:
        """Return why a stage has to be done; `""` when it is as it should be."""
        known = self.stages.get(stage)
        if known is None:
            return "not done yet"
        if known.key != key:
            changed = _changed(known.inputs, inputs)
            if changed:
                return f"{' and '.join(changed)} gave something else"
            changed = _changed(known.options, _plain(options))
            return f"{' and '.join(changed)} changed" if changed else "the program changed"
        lost = self._lost(known)
        return f"{' and '.join(lost)} is not as it was left" if lost else ""

    def _lost(self, known: StageRecord) -> list[str]:
        return [name for name, mark in known.products.items() if mark_of(self.out / name) != mark]

    def only_inputs_changed(self, stage: str, version: int, options: Mapping[str, Any]) -> bool:
        """Whether a stage has to be done for what the stages before it gave, and nothing else."""
        known = self.stages.get(stage)
        if known is None or key_of(stage, version, options, known.inputs) != known.key:
            return False
        return not self._lost(known)

    def put(self, stage: str, record: StageRecord) -> None:
        """Note how a stage ended."""
        self.stages[stage] = record
        self._write()

    def drop(self, stage: str) -> None:
        """Forget a stage."""
        if self.stages.pop(stage, None) is not None:
            self._write()

    def _write(self) -> None:
        stages = {name: asdict(one) for name, one in self.stages.items()}
        values = {"version": _VERSION, "name": self.name, "stages": stages}
        write_state(
            self.path("state.json"), json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        )


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def _plain(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options as JSON gives them back."""
    plain: Mapping[str, Any] = json.loads(json.dumps(options))
    return plain


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that is not a build's.

    Raises
    ------
    UsageError
        It holds files of others.
    """
    if not out.exists() or (out / STATE / "build/state.json").exists():
        return
    foreign = sorted(one.name for one in out.iterdir() if one.name not in _HARMLESS)
    if foreign:
        raise UsageError(
            f"{out} is not empty: {', '.join(foreign[:5])}",
            hint="Build into a folder of its own.",
        )


def key_of(stage: str, version: int, options: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Return the key of a stage."""
    return digest_of([stage, version, options, inputs])


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value as JSON with sorted keys, in hexadecimal."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def stream_digest(values: Iterable[Any]) -> str:
    """Return the SHA-256 of values as lines of JSON, in hexadecimal; they need no memory."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(to_line(value))
    return digest.hexdigest()


class RowFile:
    """A file of JSON lines that is being written, and the digest of what it says.

    Attributes
    ----------
    rows : int
        Lines so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.rows = 0

    def add(self, row: Mapping[str, Any], *, says: str | None = None) -> None:
        """Add a line; `says` is digested in its place where the line holds what may change."""
        line = to_line(dict(row))
        self._file.write(line)
        self._digest.update(line if says is None else says.encode())
        self.rows += 1

    @property
    def digest(self) -> str:
        """The SHA-256 of all lines, in hexadecimal."""
        return self._digest.hexdigest()


@contextmanager
def writing_rows(path: Path) -> Iterator[RowFile]:
    """Write a file of rows that takes its place when the block succeeds."""
    with replacing_bytes(path, links="refuse", parents=True) as file:
        yield RowFile(file)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that the build wrote; none of one that is not there.

    Raises
    ------
    LocalError
        For a file that is damaged.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return
    with file:
        try:
            for line in file:
                row: dict[str, Any] = parse_json(line)
                yield row
        except ValueError as error:
            hint = "Remove the folder .isic/build: all is built anew."
            raise LocalError(f"{path} is damaged", hint=hint) from error
