"""Durations and sizes as people write them: `7d`, `20GB`."""

import re

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


def duration(text: str) -> float:
    """Return the seconds of a time span: a number and s, m, h, d or w.

    >>> duration("7d")
    604800.0
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a time span such as 12h, 7d or 4w.")
    return float(match[1]) * _SECONDS[match[2]]


def size(text: str) -> int:
    """Return the bytes of a size in powers of ten: `20GB`, `500 MB`, `1000`.

    >>> size("1.5 GB")
    1500000000
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a size such as 500MB or 20GB.")
    return int(float(match[1]) * _BYTES[match[2]])
