"""`python -m isic_cli` and the `isic` command."""

import os
import sys
from pathlib import Path
from shutil import get_terminal_size

#: The page `isic --help` as Click makes it on a terminal of 80 columns or more; a test keeps it
#: fresh. Importing Click alone takes longer than all that it takes to print this file.
PAGE = Path(__file__).with_name("help.txt")


def _show_page() -> bool:
    """Print the first page; False where that fails or its lines are too long for the terminal."""
    text = PAGE.read_bytes()
    try:
        return get_terminal_size().columns >= 80 and os.write(1, text) == len(text)
    except OSError:
        return False  # Standard output is closed, full or gone: the command line tells.


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--help"], ["-h"], ["help"]) and _show_page():
        return
    import gc
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C amid the imports is no traceback
    from isic_cli.cli.main import run

    code = run()
    # The end looks twice for cycles in all that is left: a twentieth of a small command.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
