"""Files of this machine: written whole, locked, journalled, walked, and read with care."""

#: The folder inside a download folder in which a run keeps its state.
STATE = ".isic"

#: The folders inside a download folder that are ours: a link in their place leads out of it.
OWN_FOLDERS = frozenset({STATE, "licenses"})
