"""The archive over HTTP."""

import sys

# httpx brings a command line of its own, and with it rich and pygments: a third of its import.
# Without this module it does as if those were not installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: not to be imported
