"""`joinder office`: offices and their participation agreements."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from app.cli.edge import checked
from app.cli.proposal import propose
from app.serving.installation import as_operator

app = typer.Typer(help="Add offices and record their agreements.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="ORI or local code, such as CA019000A.")]


@app.command()
def add(
    code: Code,
    name: Annotated[str, typer.Option(help="The office's name.")],
    state: Annotated[str, typer.Option(help="Two letters.")],
    contact_title: Annotated[str, typer.Option(help="The post to ask for.")],
    contact_phone: Annotated[str, typer.Option(help="The duty number.")],
    contact_email: Annotated[str, typer.Option(help="The duty address.")],
    kind: Annotated[str, typer.Option(help="local, attorney_general, tribal, regional.")] = "local",
) -> None:
    """Add an office. It takes part once its agreement is recorded with `sign-agreement`.

    Example: joinder office add CA019000A --name "Sample County District Attorney" --state CA
    --contact-title "Duty deputy" --contact-phone 213-555-0100 --contact-email duty@example.com
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import OfficeAdd  # noqa: PLC0415 -- as above

    office = checked(
        OfficeAdd,
        code=code,
        name=name,
        kind=kind,
        state=state,
        contact_title=contact_title,
        contact_phone=contact_phone,
        contact_email=contact_email,
    )
    as_operator(lambda session: service.add_office(session, OPERATOR, office, now=utc_now()))
    if office.is_odd_ori:
        typer.echo(f"{code} is as long as an ORI, which ends in A: is it typed right?", err=True)
    typer.echo(f"Added {code}. Next: joinder office sign-agreement {code}")


@app.command("sign-agreement")
def sign_agreement(
    code: Code,
    version: Annotated[str, typer.Option(help="Which text was signed.")],
    signatory: Annotated[str, typer.Option(help="The post of who signed.")],
    signed_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    effective_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    ends_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
) -> None:
    """Propose to record a signed participation agreement; before it is in force nothing is shared.

    Example: joinder office sign-agreement CA019000A --version 2026-1
    --signatory "District Attorney" --signed-on 2026-01-05 --effective-on 2026-02-01
    """
    from app.offices.schemas import AgreementSign  # noqa: PLC0415 -- keeps --help quick
    from app.proposals.schemas import AgreementChange  # noqa: PLC0415 -- as above

    agreement = checked(
        AgreementSign,
        version=version,
        signatory=signatory,
        signed_on=_day(signed_on),
        effective_on=_day(effective_on),
        ends_on=_day(ends_on) if ends_on else None,
    )
    propose(checked(AgreementChange, office=code, agreement=agreement))


@app.command("set-contact")
def set_contact(
    code: Code,
    role: Annotated[str, typer.Option(help="backup or security.")],
    title: Annotated[str, typer.Option(help="The post to ask for.")],
    phone: Annotated[str, typer.Option(help="Its number.")],
    email: Annotated[str, typer.Option(help="Its address.")],
) -> None:
    """Say whom else to reach: the backup of the office's contact, or about security.

    Example: joinder office set-contact CA019000A --role backup --title "Head of the unit"
    --phone 213-555-0101 --email unit@example.com
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import OfficeContactSet  # noqa: PLC0415 -- as above

    contact = checked(OfficeContactSet, role=role, title=title, phone=phone, email=email)
    as_operator(lambda session: service.set_contact(session, OPERATOR, code, contact))
    typer.echo(f"Set the {role} contact of {code}.")


@app.command("set-mail-domain")
def set_mail_domain(
    code: Code, domain: Annotated[str, typer.Argument(help="Such as da.example.gov.")]
) -> None:
    """Say in which domain an office's people may have mail: at first that of its contact.

    Mail that somebody chose in another domain before is no longer sent.

    Example: joinder office set-mail-domain CA019000A da.example.gov
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import MailDomainSet  # noqa: PLC0415 -- as above

    change = checked(MailDomainSet, domain=domain)
    as_operator(lambda session: service.set_mail_domain(session, OPERATOR, code, change))
    typer.echo(f"Mail to people of {code} goes to {change.domain} only.")


@app.command("set-time-zone")
def set_time_zone(
    code: Code, time_zone: Annotated[str, typer.Argument(help="Such as America/Denver.")]
) -> None:
    """Say in which zone an office reads times and owes steps: at first its state capital's.

    Example: joinder office set-time-zone TX071000A America/Denver
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import TimeZoneSet  # noqa: PLC0415 -- as above

    change = checked(TimeZoneSet, time_zone=time_zone)
    as_operator(lambda session: service.set_time_zone(session, OPERATOR, code, change))
    typer.echo(f"{code} reads times, and owes steps by days, as in {change.time_zone}.")


@app.command()
def alarms(
    since: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.")
    ] = datetime(2000, 1, 1),  # noqa: DTZ001 -- a day, before there was anything
) -> None:
    """List what offices did that somebody should look at, oldest first, and whom to reach there.

    Each line: when, what, how many, the office and its contact about security.

    Example: joinder office alarms --since 2026-11-01
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.alarms import service  # noqa: PLC0415 -- as above

    start = since.replace(tzinfo=UTC)
    for row in as_operator(lambda session: service.list_all(session, OPERATOR, since=start)):
        at = row["raised_at"].isoformat(timespec="seconds")
        typer.echo(f"{at}\t{row['kind']}\t{row['count']}\t{row['code']}\t{row['email']}")


@app.command()
def commit(
    code: Code,
    trafficking_type: Annotated[str, typer.Option("--type", help="sex, labor or both.")],
    signatory: Annotated[str, typer.Option(help="The post of who signed.")],
    signed_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    lapses_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
) -> None:
    """Record that the office's leadership committed itself to joint handling; renew it in time.

    Example: joinder office commit CA019000A --type labor --signatory "District Attorney"
    --signed-on 2026-01-05 --lapses-on 2027-01-05
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above
    from app.offices.schemas import CommitmentSign  # noqa: PLC0415 -- as above

    commitment = checked(
        CommitmentSign,
        trafficking_type=trafficking_type,
        signatory=signatory,
        signed_on=_day(signed_on),
        lapses_on=_day(lapses_on),
    )
    as_operator(lambda session: service.sign_commitment(session, OPERATOR, code, commitment))
    typer.echo(f"Recorded; it lapses on {commitment.lapses_on} unless it is renewed.")


@app.command("end-agreement")
def end_agreement(
    code: Code,
    ends_on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day without participation.")
    ],
) -> None:
    """End an office's participation: from that day on nothing is shared by it or with it.

    Example: joinder office end-agreement CA019000A --ends-on 2027-01-01
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.offices import service  # noqa: PLC0415 -- as above

    day = _day(ends_on)
    as_operator(lambda session: service.end_agreements(session, OPERATOR, code, ends_on=day))
    typer.echo(f"The participation of {code} ends on {day}.")


@app.command()
def suspend(code: Code) -> None:
    """Shut out every client and person of an office with its next request, until `resume`.

    Example: joinder office suspend CA019000A
    """
    _set_suspended(code, is_suspended=True)
    typer.echo(f"Nobody of {code} gets in. Next, if need be: joinder office end-agreement {code}")


@app.command()
def resume(code: Code) -> None:
    """Let an office's clients in again, and its people sign in.

    Example: joinder office resume CA019000A
    """
    _set_suspended(code, is_suspended=False)
    typer.echo(f"{code} is let in again.")


def _set_suspended(code: str, *, is_suspended: bool) -> None:
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import suspension  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    as_operator(
        lambda session: suspension.set_suspended(
            session, OPERATOR, code, is_suspended=is_suspended, now=utc_now()
        )
    )


@app.command("list")
def list_offices() -> None:
    """List the offices by code."""
    from app.offices import queries  # noqa: PLC0415 -- keeps --help quick

    for office in as_operator(queries.list_offices):
        typer.echo(f"{office.code}\t{office.state}\t{office.kind}\t{office.name}")


def _day(instant: datetime) -> date:
    return instant.date()
