"""`python -m isic_cli` and the `isic` command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from isic_cli.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
