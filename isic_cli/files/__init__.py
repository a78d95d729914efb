"""Files of this machine: written whole, locked, journalled, walked, and read with care."""
