"""Values of options that click does not know."""

import re

import click

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)(?:b(?:/s)?)?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """Bytes: `300000`, `300k`, `1.5MB`; with an i in powers of 1024 (`2MiB`)."""

    name = "size"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number of bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is not a size; write 300k, 1.5MB or 2GiB", param, ctx)
        number, unit, binary = match.groups()
        scale = _UNITS[unit.lower()]
        if binary and unit:
            scale = 1 << (10 * "kmgt".index(unit.lower()) + 10)
        size = int(float(number) * scale)
        if size < 1:
            self.fail(f"{value!r} is not a size: at least one byte", param, ctx)
        return size


SIZE = Size()
