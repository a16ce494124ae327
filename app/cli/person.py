"""`joinder person`: the first administrator of an office, and what cannot wait for one."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.edge import checked
from app.cli.proposal import propose
from app.serving.installation import as_operator

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.people.admin_schemas import EnrolmentRead

app = typer.Typer(help="Add people, shut them out, give new codes.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="The office's code.")]
Account = Annotated[str, typer.Argument(help="The account name.")]
T = TypeVar("T")


@app.command()
def add(
    office: Code,
    account: Account,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[str], typer.Option(help="A role; may be given more than once.")],
) -> None:
    """Add a person and print the one-time code, once. Administrators add the others.

    Example: joinder person add CA019000A duty.deputy --name "Duty deputy" --role administrator
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.offices import queries as offices  # noqa: PLC0415 -- as above
    from app.people import administration  # noqa: PLC0415 -- as above
    from app.people.admin_schemas import PersonAdd  # noqa: PLC0415 -- as above

    person = checked(PersonAdd, account=account, name=name, roles=role)

    async def act(session: "AsyncSession") -> "EnrolmentRead":
        found = await offices.get_office(session, office)
        return await administration.add_person(session, OPERATOR, found.id, person, now=utc_now())

    _print(as_operator(act))


@app.command()
def disable(office: Code, account: Account) -> None:
    """Shut a person out at once; administrators let in again."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.people import administration  # noqa: PLC0415 -- as above

    ended = _with_person(
        office,
        account,
        lambda session, office_id, person: administration.set_disabled(
            session, OPERATOR, office_id, person, is_disabled=True, now=utc_now()
        ),
    )
    typer.echo(f"Disabled {account}; {ended} sign-ins ended.")


@app.command()
def reset(office: Code, account: Account) -> None:
    """Take a person's password and second factors away and print a new one-time code."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.people import administration  # noqa: PLC0415 -- as above

    made = _with_person(
        office,
        account,
        lambda session, office_id, person: administration.start_enrolment(
            session, OPERATOR, office_id, person, forget_factors=True, now=utc_now()
        ),
    )
    _print(made)


@app.command("end-sign-ins")
def end_sign_ins(office: Code) -> None:
    """End every sign-in of an office at once."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.offices import queries as offices  # noqa: PLC0415 -- as above
    from app.people import administration  # noqa: PLC0415 -- as above

    async def act(session: "AsyncSession") -> int:
        found = await offices.get_office(session, office)
        return await administration.end_sign_ins(session, OPERATOR, found.id, now=utc_now())

    typer.echo(f"{as_operator(act)} sign-ins ended.")


@app.command("set-provider")
def set_provider(
    office: Code,
    issuer: Annotated[str, typer.Option(help="https address, as its discovery document says it.")],
    client_id: Annotated[str, typer.Option(help="What the provider calls this registry.")],
    acr: Annotated[list[str], typer.Option(help="A value of acr that stands for two factors.")],
) -> None:
    """Propose the identity provider of an office.

    Example: joinder person set-provider CA019000A --issuer https://login.example.com
    --client-id joinder --acr urn:example:two-factors
    """
    from app.people.provider_setting import check_provider  # noqa: PLC0415 -- keeps --help quick
    from app.proposals.schemas import ProviderChange  # noqa: PLC0415 -- as above

    check_provider(issuer, acr)
    propose(
        ProviderChange(office=office, issuer=issuer, client_id=client_id, acr_values=tuple(acr))
    )


def _with_person(
    office: str, account: str, act: Callable[["AsyncSession", int, str], Awaitable[T]]
) -> T:
    from app.core.ids import public_id  # noqa: PLC0415 -- keeps --help quick
    from app.people import queries  # noqa: PLC0415 -- as above
    from app.people.errors import PersonNotFoundError  # noqa: PLC0415 -- as above
    from app.people.service import PREFIX  # noqa: PLC0415 -- as above

    async def run(session: "AsyncSession") -> T:
        person = await queries.get_person_by_account(session, office, account)
        if person is None:
            raise PersonNotFoundError
        return await act(session, person.office_id, public_id(PREFIX, person.id))

    return as_operator(run)


def _print(made: "EnrolmentRead") -> None:
    typer.echo(made.code)
    typer.echo(
        f"Hand it over in person; it is good once, until {made.expires_at:%Y-%m-%d %H:%M} UTC."
    )
