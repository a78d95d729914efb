"""isicarchive 0.4.11 in an environment of its own, for comparison.

It uses names that numpy has dropped since; `mend` gives them back, in the running process only.
"""

import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENT = "isicarchive==0.4.11"


def python_of_peer(folder: Path) -> Path:
    """Return the interpreter of the peer's environment, made in `folder` on first use."""
    home = folder / "isicarchive-0.4.11"
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", REQUIREMENT], check=True)
        (home / "complete").touch()
    return python


def mend() -> None:
    """Give numpy the aliases back that isicarchive uses."""
    import numpy as np

    for name, kind in {"bool": bool, "int": int, "float": float, "object": object}.items():
        if name not in np.__dict__:
            setattr(np, name, kind)


def strings_of(function):
    """Wrap a function whose result needs the `tostring` that arrays no longer have."""
    import numpy as np

    class Result(np.ndarray):
        def tostring(self):
            return self.tobytes()

    def wrapped(*args):
        return function(*args).view(Result)

    return wrapped
