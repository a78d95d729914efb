"""Random normal trees and random records, from a seed."""

import random
from typing import Any

from isic_cli.query import (
    FIELDS,
    And,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    Or,
    StartsWith,
    Term,
    Test,
)
from isic_cli.query.tree import joined

WORDS = [
    "male",
    "clinical",
    "clinical: close-up",
    "le",
    "TBP",
    "I",
    "a*b",
    "AND",
    "",
    "é ß/%_",
    "x",
]
NUMBERS = [0.0, 5.0, -0.5, 0.35, 1.2, 30.0, 5.5, 1e-7, -3.0, 1e20, 85.0]
USABLE = [field for field in FIELDS.values() if not field.crashes]


def random_test(rng: random.Random, kind: str) -> Test:
    if rng.random() < 0.15:
        return HasValue()
    if kind == "boolean":
        return Exact(value=rng.random() < 0.5)
    if kind == "text":
        affix = rng.choice([word for word in WORDS if word])
        tests: list[Test] = [Exact(rng.choice(WORDS)), StartsWith(affix), EndsWith(affix)]
        return rng.choice(tests)
    low, high = rng.choice([None, *NUMBERS]), rng.choice(NUMBERS)
    above = low is not None and rng.random() < 0.5
    ranges: list[Test] = [Exact(high), Between(low, high, above, rng.random() < 0.5)]
    return rng.choice(ranges)


def random_tree(rng: random.Random, depth: int = 4) -> Node:
    if depth == 0 or rng.random() < 0.3:
        field = rng.choice(USABLE)
        return Term(field.name, random_test(rng, field.kind), rng.random() < 0.4)
    parts = [random_tree(rng, depth - 1) for _ in range(rng.randint(2, 4))]
    return joined(And if rng.random() < 0.5 else Or, parts)


def random_record(rng: random.Random) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for field in USABLE:
        if rng.random() < 0.5:
            continue
        if field.kind == "boolean":
            record[field.name] = rng.random() < 0.5
        elif field.kind == "text":
            record[field.name] = rng.choice([*WORDS, *field.values])
        elif field.whole:
            record[field.name] = rng.choice([0, 5, 30, 85, -3])
        else:
            record[field.name] = rng.choice(["0.35", "1.20", 5.0, "30"])
    return record
