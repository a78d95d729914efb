"""Superpixel maps: decode, measure, draw, convert, and make them as the archive did.

The names below are loaded when they are first used, so that importing this package is free.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isic_cli.pictures.png import PngHeader, check_png
    from isic_cli.superpixel.cachefile import read_cache, write_cache
    from isic_cli.superpixel.codec import decode_png, encode_png
    from isic_cli.superpixel.compare import dice
    from isic_cli.superpixel.features import Features, parse_features
    from isic_cli.superpixel.map import SuperpixelMap
    from isic_cli.superpixel.outline import Rings
    from isic_cli.superpixel.slic import generate
    from isic_cli.superpixel.tiles import Tile

__all__ = [
    "Features",
    "PngHeader",
    "Rings",
    "SuperpixelMap",
    "Tile",
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
    "Features": "superpixel.features",
    "PngHeader": "pictures.png",
    "Rings": "superpixel.outline",
    "SuperpixelMap": "superpixel.map",
    "Tile": "superpixel.tiles",
    "check_png": "pictures.png",
    "decode_png": "superpixel.codec",
    "dice": "superpixel.compare",
    "encode_png": "superpixel.codec",
    "generate": "superpixel.slic",
    "parse_features": "superpixel.features",
    "read_cache": "superpixel.cachefile",
    "write_cache": "superpixel.cachefile",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"isic_cli.{_HOME[name]}"), name)
