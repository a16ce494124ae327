"""`joinder state`: what states decide for their offices."""

from datetime import datetime
from typing import Annotated

import typer

from app.serving.installation import as_operator

State = Annotated[str, typer.Argument(help="Two letters.", callback=lambda text: text.upper())]
app = typer.Typer(help="Set what a state decides for its offices.", no_args_is_help=True)


@app.command("set")
def set_state(
    state: State,
    *,
    state_pointers: Annotated[
        bool | None, typer.Option(help="Whether its Attorney General sees pointers.")
    ] = None,
    review_years: Annotated[
        int | None, typer.Option(min=1, max=5, help="Years until a case is reviewed at the latest.")
    ] = None,
    deemed_consent: Annotated[
        bool | None,
        typer.Option(help="Whether silence is consent where its law, as loaded, says so."),
    ] = None,
    mediator: Annotated[
        str | None,
        typer.Option(help="Its Attorney General's office, by code, to mediate what stays open."),
    ] = None,
) -> None:
    """Set what a state decides; what is not named stays as it is.

    Example: joinder state set CA --no-state-pointers --review-years 3
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import StateSet  # noqa: PLC0415 -- as above

    if len(state) != len("CA") or not state.isascii() or not state.isalpha():
        typer.echo("Give the state as two letters.", err=True)
        raise typer.Exit(2)
    asked = StateSet(
        state=state,
        has_state_pointers=state_pointers,
        review_years=review_years,
        has_deemed_consent=deemed_consent,
        mediator=mediator,
    )
    as_operator(lambda session: service.set_state(session, OPERATOR, asked))
    typer.echo(f"Set for {state}; `joinder state list` shows it.")


@app.command("law")
def show_law(
    state: State,
    *,
    confirmed_by: Annotated[
        str, typer.Option(help="The post of the state's counsel who confirms it as it stands.")
    ] = "",
    confirmed_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of it.")
    ] = None,
    digest: Annotated[
        str, typer.Option(help="The digest that was printed with what counsel read.")
    ] = "",
) -> None:
    """Print what is loaded of a state's law on its Attorney General; record who confirms it.

    Requests tell who confirmed it until a release changes a row of the state.

    Example: joinder state law TX --confirmed-by "Chief, Criminal Prosecutions"
    --confirmed-on 2026-11-20 --digest 9f86d081884c7d65...
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.offices import queries, service  # noqa: PLC0415 -- as above
    from app.offices.schemas import LawConfirmed  # noqa: PLC0415 -- as above
    from app.reference.authority import law_digest, rules_of  # noqa: PLC0415 -- as above

    rules = rules_of(state)
    if not rules:
        typer.echo(f"No rule is loaded for {state}; requests say that it is unknown.", err=True)
        raise typer.Exit(2)
    if bool(confirmed_by) != (confirmed_on is not None):
        typer.echo("Give --confirmed-by and --confirmed-on together.", err=True)
        raise typer.Exit(2)
    if confirmed_on is not None:
        if confirmed_on.date() > utc_now().date():
            typer.echo("Give a day that has come.", err=True)
            raise typer.Exit(2)
        if digest != law_digest(rules).hex():
            typer.echo("Give the digest of what counsel read; it is not what is loaded.", err=True)
            raise typer.Exit(2)
        asked = LawConfirmed(state=state, counsel=confirmed_by, confirmed_on=confirmed_on.date())
        as_operator(lambda session: service.confirm_law(session, OPERATOR, asked))
    for rule in rules:
        read = f"{rule.verified_by}, {rule.verified_on}"
        since = f"since {rule.effective_on}" if rule.effective_on else "since a day not read"
        typer.echo(f"{rule.citation}\t{rule.matter_kind}\t{rule.basis}\t{since}\t{read}")
        typer.echo(f"  {rule.note}")
        for address in rule.source.split():
            typer.echo(f"  {address}")
    typer.echo(f"Digest {law_digest(rules).hex()}")
    decided = as_operator(lambda session: queries.get_state_settings(session, state))
    settings = decided[0] if decided else None
    if settings is None or settings.law_digest is None:
        typer.echo("No counsel of the state has confirmed it.")
    elif settings.law_digest != law_digest(rules):
        typer.echo(f"{settings.counsel} confirmed other rules, {settings.counsel_on}: ask again.")
    else:
        typer.echo(f"Confirmed by {settings.counsel}, {settings.counsel_on}.")


@app.command("committee")
def set_committee(
    state: State,
    name: Annotated[str, typer.Argument(help="What the committee is called.")],
    office: Annotated[
        list[str] | None, typer.Option(help="Code of an office in it; once for each.")
    ] = None,
) -> None:
    """Say which offices meet each month and read one agenda; without offices it ends.

    An office sits in one committee at most, and always in the meeting of its state.

    Example: joinder state committee CA "Valley counties" --office CA010000A --office CA054000A
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.agendas import service  # noqa: PLC0415 -- as above

    as_operator(lambda session: service.set_committee(session, OPERATOR, state, name, office or []))
    typer.echo("Set; the next agenda is made within a week, by `joinder nightly`.")


@app.command("list")
def list_states() -> None:
    """List the states that decided something; the others keep pointers and five years."""
    from app.offices import queries  # noqa: PLC0415 -- keeps --help quick

    for each in as_operator(queries.list_states):
        pointers = "pointers" if each.has_state_pointers else "no pointers"
        mediated = "mediated" if each.mediator_office_id else "no mediator"
        silence = "silence is consent" if each.has_deemed_consent else "silence is nothing"
        years = f"{each.review_years} years"
        typer.echo(f"{each.state}\t{pointers}\t{years}\t{mediated}\t{silence}")
