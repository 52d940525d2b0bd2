"""What a command must say in red of the model that it uses."""

import click


def warn(warning: str | None) -> None:
    """Say ``warning`` in red on standard error, if there is one."""
    if warning:
        click.secho(f"WARNING   {warning}", fg="red", bold=True, err=True)
