import click
from click.testing import CliRunner

from isic_cli.cli.terminal import confirm


@click.command
def remove() -> None:
    confirm("Remove all of it?")
    click.echo("Removed.")


def test_a_no_ends_the_command_well_and_nothing_is_done() -> None:
    done = CliRunner().invoke(remove, input="n\n")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "Nothing was done."


def test_a_yes_goes_on() -> None:
    done = CliRunner().invoke(remove, input="y\n")
    assert (done.exit_code, done.stdout) == (0, "Removed.\n")
