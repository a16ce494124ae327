import typer


def demo() -> None:
    """placeholder"""
    raise typer.Exit(1)
