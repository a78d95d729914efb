"""A label scheme: rules over prefixes of the diagnosis tree, the longest one that fits decides."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from isic_cli.curation.labels.legacy import diagnosis_of
from isic_cli.curation.labels.published import (
    published_class,
    strange_columns,
    telling_columns,
)
from isic_cli.curation.labels.table import Table, parse_table
from isic_cli.curation.labels.tree import Path
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.models.dictionary import diagnosis_paths

#: What a diagnosis is called that the scheme has no label for. Never a label of its own.
UNMAPPED = "unmapped"

#: The schemes in the package.
SCHEMES = (
    *("isic2016", "isic2017", "isic2018", "isic2019", "isic2020", "isic2024"),
    *("ham10000", "milk10k"),
)

#: HAM10000 is the training data of 2018 under its own, small names.
_SMALL = {"ham10000": "isic2018"}

#: The last level of a prefix that fits every node below the rest, and not the rest itself.
_BELOW = "*"

#: What a rule rests on: the challenge's own words, its published labels, or our judgement.
BASES = ("text", "data", "judged")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table.

    Attributes
    ----------
    prefix : tuple of str
        Levels of the tree from `diagnosis_1` down; fits every path that starts so. With `*` as
        its last level it fits those that go on.
    label : str
        A label of the scheme, or `UNMAPPED`.
    reason : str
        Why.
    basis : str
        One of `BASES`; `""` where a user's table does not say.
    line : int
        Its line in the table, from 1.
    """

    prefix: Path
    label: str
    reason: str
    basis: str
    line: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The label of one row, and why.

    Attributes
    ----------
    label : str
        A label of the scheme, or `UNMAPPED`.
    reason : str
        The reason of the rule, or why no rule could be asked.
    rule : Rule or None
        The rule that decided; None when no rule fits the path.
    """

    label: str
    reason: str
    rule: Rule | None

    @property
    def is_mapped(self) -> bool:
        """Whether the scheme has a label for it."""
        return self.label != UNMAPPED


@dataclass(frozen=True)
class Scheme:
    """A named, versioned set of rules.

    Attributes
    ----------
    name, title, version : str
        As the table says them.
    labels : tuple of str
        In the order of the challenge's columns.
    rules : mapping of path to Rule
        By their prefix.
    """

    name: str
    title: str
    version: str
    labels: tuple[str, ...]
    rules: Mapping[Path, Rule]

    def telling(self, columns: Iterable[str], *, name: str) -> tuple[str, ...]:
        """Return the columns of a table that a label is read from.

        Raises
        ------
        UsageError
            There is none.
        """
        return require_diagnosis(columns, name=name)

    def decide(self, path: Path) -> Decision:
        """Return the decision of the most specific rule that fits a path."""
        for depth in range(len(path), 0, -1):
            below = self.rules.get((*path[:depth], _BELOW)) if depth < len(path) else None
            rule = below or self.rules.get(path[:depth])
            if rule is not None:
                return Decision(rule.label, rule.reason, rule)
        if not path:
            return Decision(UNMAPPED, "no diagnosis is given", None)
        return Decision(UNMAPPED, f"no rule of {self.name} fits {':'.join(path)}", None)

    def explain(self, row: Mapping[str, Any]) -> Decision:
        """Return the decision on a row of any table that tells a diagnosis.

        A class that the challenge of this scheme published decides. A row with a level below an
        empty one is unmapped: its path cannot be trusted.
        """
        given = published_class(row)
        label = given.label_in(self.name, self.labels) if given else None
        if given and label:
            return Decision(label, f"published: {given.name} of {given.scheme}", None)
        found = diagnosis_of(row)
        return self.decide(found.path) if found.path else Decision(UNMAPPED, found.reason, None)

    def one_hot(self, label: str) -> dict[str, int | None]:
        """Return one column for each label: 1 and 0, or None in all when unmapped.

        An unmapped row is not a row of zeros, so that no model can take it for "none of these".
        """
        if label == UNMAPPED:
            return dict.fromkeys(self.labels)
        return {name: int(name == label) for name in self.labels}


def require_diagnosis(columns: Iterable[str], *, name: str) -> tuple[str, ...]:
    """Return the columns of a table that tell a diagnosis.

    Raises
    ------
    UsageError
        There is none.
    """
    there = tuple(columns)
    found = telling_columns(there)
    if not found:
        strange = strange_columns(there)
        known = "diagnosis_1, iddx_full, diagnosis_full, diagnosis, dx, or a challenge's truth"
        raise UsageError(
            f"{name} has no column of a diagnosis",
            hint=f"{', '.join(strange)} is not one that is known: {known}." if strange else known,
        )
    return found


def load_scheme(name: str) -> Scheme:
    """Return a scheme of the package by its name, or read a user's table.

    Parameters
    ----------
    name : str
        One of `SCHEMES`, or the path of a CSV file with the columns `prefix`, `label` and,
        optionally, `reason`; comments `# version:`, `# title:` and `# labels: a, b` may lead it.

    Raises
    ------
    UsageError
        No such scheme, or a table that is wrong; with the line.
    NotFoundError, LocalError
        The file is not there, or cannot be read.
    """
    if name in _SMALL:
        return _in_small(load_scheme(_SMALL[name]), name)
    if name in SCHEMES:
        source = resources.files("isic_cli.curation.labels") / "tables" / f"{name}.csv"
        return parse_scheme(source.read_text("utf-8"), name=name)
    file = FilePath(name)
    if not file.suffix and not file.is_file():
        raise UsageError(
            f"no label scheme is called {name}",
            hint=f"one of {', '.join(SCHEMES)}, or the path of a CSV file",
        )
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {name}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text") from error
    except OSError as error:
        raise LocalError(f"cannot read {name}: {error.strerror}") from error
    return parse_scheme(text, name=name)


def _in_small(scheme: Scheme, name: str) -> Scheme:
    """Return a scheme with its labels in small letters."""
    rules = {
        prefix: replace(rule, label=rule.label.lower()) for prefix, rule in scheme.rules.items()
    }
    labels = tuple(label.lower() for label in scheme.labels)
    return replace(scheme, name=name, title="HAM10000: dx", labels=labels, rules=rules)


def parse_scheme(text: str, *, name: str) -> Scheme:
    """Parse the text of a table.

    Raises
    ------
    UsageError
        A column is missing, a prefix is twice or is not a node of the tree, a label is empty or not
        among those that the head names; with the line.
    """
    table = parse_table(text, name=name, required=("prefix", "label"))
    if not table.rows:
        raise UsageError(f"{name} has no rules")
    named = [label.strip() for label in table.head.get("labels", "").split(",") if label.strip()]
    rules: dict[Path, Rule] = {}
    for line, row in table.rows:
        rule = _rule(table, line, row, named)
        if rule.prefix in rules:
            raise UsageError(
                f"{name}, line {line}: {':'.join(rule.prefix)} is ruled on line "
                f"{rules[rule.prefix].line} already"
            )
        rules[rule.prefix] = rule
    seen = dict.fromkeys(rule.label for rule in rules.values() if rule.label != UNMAPPED)
    return Scheme(
        name=name,
        title=table.head.get("title", name),
        version=table.head.get("version", "1"),
        labels=tuple(named or seen),
        rules=rules,
    )


def _rule(table: Table, line: int, row: dict[str, str], named: list[str]) -> Rule:
    where = f"{table.name}, line {line}"
    prefix = tuple(level.strip() for level in row["prefix"].split(":"))
    node = prefix[:-1] if prefix[-1] == _BELOW else prefix
    if node not in diagnosis_paths():
        nodes = [":".join(path) for path in diagnosis_paths()]
        close = difflib.get_close_matches(":".join(prefix), nodes, n=1)
        raise UsageError(
            f"{where}: {row['prefix']!r} is not a node of the diagnosis tree, so it never fits",
            hint=f"did you mean {close[0]}?" if close else "levels are joined by colons",
        )
    label = row["label"]
    if not label:
        raise UsageError(f"{where}: no label", hint=f"write {UNMAPPED} where there is none")
    if named and label not in (*named, UNMAPPED):
        raise UsageError(f"{where}: {label} is not among the labels {', '.join(named)}")
    basis = row.get("basis", "")
    if basis not in ("", *BASES):
        raise UsageError(f"{where}: the basis {basis} is none of {', '.join(BASES)}")
    return Rule(prefix, label, row.get("reason", ""), basis, line)
