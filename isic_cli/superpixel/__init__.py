"""Superpixel maps: decode, measure, draw, convert, and make them as the archive did.

The names below are loaded when they are first used, so that importing this package is free.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isic_cli.superpixel.cachefile import read_cache, write_cache
    from isic_cli.superpixel.codec import decode_png, encode_png
    from isic_cli.superpixel.compare import dice
    from isic_cli.superpixel.features import Features, parse_features
    from isic_cli.superpixel.map import SuperpixelMap
    from isic_cli.superpixel.outline import Rings
    from isic_cli.superpixel.pngcheck import PngHeader, check_png
    from isic_cli.superpixel.slic import generate

__all__ = [
    "Features",
    "PngHeader",
    "Rings",
    "SuperpixelMap",
    "check_png",
    "decode_png",
    "dice",
    "encode_png",
    "generate",
    "parse_features",
    "read_cache",
    "write_cache",
]

_HOME = {
    "Features": "features",
    "PngHeader": "pngcheck",
    "Rings": "outline",
    "SuperpixelMap": "map",
    "check_png": "pngcheck",
    "decode_png": "codec",
    "dice": "compare",
    "encode_png": "codec",
    "generate": "slic",
    "parse_features": "features",
    "read_cache": "cachefile",
    "write_cache": "cachefile",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
