"""The root of the command line."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Search, download and curate the ISIC Archive."""


def run() -> int:
    """Run the command line and return its exit code."""
    cli(standalone_mode=False)
    return 0
