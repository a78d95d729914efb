"""Ways in which a file goes wrong: each takes the bytes that were there and returns others."""

import random
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[bytes, random.Random], bytes]

_NESTED = b"[" * 100_000
_CELLS = (b'"', b"nan", b"NA", b"-1", b"1e400", b"=1+1", b"\xff\xfe", b"\x00", b"\xe2\x80\xae", b"")


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 4, 64)) if data else 0):
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _insert(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(_CELLS) * draw.choice((1, 3)) + data[at:]


def _drop(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[at + draw.choice((1, 7, 100, 5000)) :]


def _lines(data: bytes, draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    match draw.randrange(4):
        case 0:
            lines.pop(draw.randrange(len(lines)))
        case 1:
            lines.insert(draw.randrange(len(lines)), draw.choice(lines))
        case 2:
            draw.shuffle(lines)
        case _:
            number = draw.randrange(len(lines))
            cells = lines[number].split(b",")
            cells[draw.randrange(len(cells))] = draw.choice(_CELLS)
            lines[number] = b",".join(cells)
    return b"\n".join(lines)


def _replace(data: bytes, draw: random.Random) -> bytes:
    return draw.choice(
        (b"", b"\n", b"{}", b"[]", b"null", b"5", b'"x"', b'{"detail":[{"loc":5}]}', _NESTED)
    )


def _encode(data: bytes, draw: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32")))


DAMAGES: tuple[Damage, ...] = (
    _cut,
    _flip,
    _flip,
    _insert,
    _drop,
    _lines,
    _lines,
    _replace,
    _encode,
)


def damage(path: Path, draw: random.Random, others: list[Path]) -> str:
    """Damage a file in place and return what was done, in a word."""
    match draw.randrange(12):
        case 0:
            path.unlink()
            path.mkdir()
            return "folder"
        case 1:
            other = draw.choice(others)
            path.write_bytes(other.read_bytes() if other.is_file() else b"")
            return f"swapped with {other.name}"
        case _:
            how = draw.choice(DAMAGES)
            data = path.read_bytes()
            path.unlink()
            path.write_bytes(how(data, draw))
            return how.__name__.strip("_")
