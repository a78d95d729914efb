"""Files of this machine: written whole, locked, journalled, walked, and read with care."""

#: The folder inside a download folder in which a run keeps its state.
STATE = ".isic"
