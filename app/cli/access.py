"""`joinder access`: why an office can, or cannot, see a case."""

from typing import Annotated

import typer

from app.serving.installation import as_operator

app = typer.Typer(help="Explain who may see what.", no_args_is_help=True)


@app.callback()
def access() -> None:
    """Explain who may see what."""


@app.command()
def explain(
    owner: Annotated[str, typer.Argument(help="Code of the office that posted the case.")],
    source_system: Annotated[str, typer.Argument(help="Its case-management system.")],
    external_id: Annotated[str, typer.Argument(help="The case number in it.")],
    office: Annotated[str, typer.Argument(help="Code of the office that would see it.")],
) -> None:
    """Tell how far an office would see a case if one of its own overlaps, and which rules say so.

    Example: joinder access explain CA019000A cms 24-CR-001 NV002000A
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.sharing.audience import explain_for_operator  # noqa: PLC0415 -- as above

    ref = (source_system, external_id)
    read = as_operator(
        lambda session: explain_for_operator(session, OPERATOR, owner, ref, office, now=utc_now())
    )
    for line in read.decisions:
        where = f"in {line.overlap_id}" if line.overlap_id else "in any overlap"
        reasons = ", ".join(line.reasons)
        typer.echo(f"{line.relation}\t{where}\t{line.rung or 'nothing'}\t{reasons}")
