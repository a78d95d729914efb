"""Pictures: identify, prove whole, open, turn upright, read as a mask."""

#: Pixels that a picture may have: a header of a few bytes can ask for gigabytes. Confocal mosaics
#: have more than Pillow's own limit of 89 million.
MAX_PIXELS = 1_000_000_000
