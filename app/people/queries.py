from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, case, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.offices.models import Office
from app.offices.queries import IN_FORCE
from app.people.errors import PersonNotFoundError, ProviderNotFoundError
from app.people.models import (
    IdentityProvider,
    Passkey,
    Person,
    RecoveryCode,
    SignIn,
    SignInAttempts,
    SpentChallenge,
)
from app.people.schemas import NextStep

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)

_SIGNED_IN: Final = text(
    "SELECT s.id, s.person_id, p.office_id, o.code, o.name, o.state, o.time_zone,"  # noqa: S608 -- no value is put into the text
    " p.account, p.name, p.roles, s.method, s.began_at, s.seen_at,"
    " s.proved_at, s.acknowledged_at, p.is_password_short,"
    " p.totp_sealed IS NOT NULL"
    " OR EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id) AS has_factor, "
    + IN_FORCE.format(office="p.office_id", today=":today")
    + " AS is_participating FROM sign_ins s JOIN persons p ON p.id = s.person_id"
    " JOIN offices o ON o.id = p.office_id"
    " WHERE s.digest = :digest AND s.seen_at > :idle_after AND s.began_at > :began_after"
    " AND p.disabled_at IS NULL AND o.suspended_at IS NULL"
)


@dataclass(frozen=True)
class SignedIn:
    """A person with a sign-in that is in force, whether or not it is complete."""

    id: UUID
    person_id: UUID
    office_id: int
    office: str
    office_name: str
    state: str
    time_zone: str | None
    account: str
    name: str
    roles: list[str]
    method: str
    began_at: datetime
    seen_at: datetime
    proved_at: datetime | None
    acknowledged_at: datetime | None
    is_password_short: bool
    has_factor: bool
    is_participating: bool

    @property
    def next_step(self) -> NextStep:
        """What must be done before anything else works."""
        if self.acknowledged_at is None:
            return "acknowledge_banner"
        if self.proved_at is None and self.has_factor:
            return "give_second_factor"
        if self.proved_at is None and self.is_password_short:
            return "register_second_factor"
        return "none"

    def principal(self, request_id: str) -> Principal:
        """Return who acts; before the sign-in is complete it may do nothing."""
        is_complete = self.next_step == "none"
        return Principal(
            actor=f"person:{self.person_id}",
            office_id=self.office_id,
            permissions=permissions_of(self.roles) if is_complete else frozenset(),
            roles=frozenset(Role(role) for role in self.roles),
            is_participating=self.is_participating,
            person_id=self.person_id,
            proved_at=self.proved_at,
            request_id=request_id,
        )


async def get_signed_in(session: AsyncSession, digest: bytes, *, now: datetime) -> SignedIn | None:
    """Return who is signed in with the secret behind `digest`, None when nobody is any more."""
    row = (
        await session.execute(
            _SIGNED_IN,
            {
                "digest": digest,
                "today": now.date(),
                "idle_after": now - IDLE,
                "began_after": now - ABSOLUTE,
            },
        )
    ).one_or_none()
    return None if row is None else SignedIn(*row)


async def get_person_by_account(session: AsyncSession, office: str, account: str) -> Person | None:
    """Return the person with this account, None without one; nothing is locked."""
    found: Person | None = await session.scalar(
        select(Person)
        .join(Office, Office.id == Person.office_id)
        .where(Office.code == office.upper(), Person.account == account.lower())
    )
    return found


async def get_person_by_enrolment(
    session: AsyncSession, digest: bytes, *, now: datetime
) -> Person | None:
    """Return the enabled person with this enrolment code, None if it is unknown or too old."""
    found: Person | None = await session.scalar(
        select(Person).where(
            Person.enrolment_digest == digest,
            Person.enrolment_expires_at > now,
            Person.disabled_at.is_(None),
        )
    )
    return found


async def get_person_by_subject(
    session: AsyncSession, office_id: int, issuer: str, subject: str
) -> Person | None:
    """Return the person that the office's provider calls `subject`."""
    found: Person | None = await session.scalar(
        select(Person).where(
            Person.office_id == office_id, Person.issuer == issuer, Person.subject == subject
        )
    )
    return found


async def lock_person(session: AsyncSession, person_id: UUID) -> Person | None:
    """Return the person as it is now, locked until the transaction ends.

    Whoever begins or ends sign-ins takes this lock first, so none begins beside a kill switch.
    """
    found: Person | None = await session.scalar(
        select(Person)
        .where(Person.id == person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def get_for_update(session: AsyncSession, office_id: int, person_id: UUID) -> Person:
    """Return a person of the office, locked until the transaction ends.

    Raises:
        PersonNotFoundError: absent, or of another office.
    """
    person = await lock_person(session, person_id)
    if person is None or person.office_id != office_id:
        raise PersonNotFoundError
    return person


async def get_office(session: AsyncSession, office_id: int) -> Office:
    """Return an office by its key."""
    return await session.get_one(Office, office_id)


async def get_passkey(session: AsyncSession, credential_id: bytes) -> Passkey | None:
    """Return the passkey, None if it is unknown."""
    return await session.get(Passkey, credential_id)


async def list_passkeys(session: AsyncSession, person_id: UUID) -> list[Passkey]:
    """Return a person's passkeys, oldest first."""
    found = select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.added_at)
    return list(await session.scalars(found))


async def has_factor(session: AsyncSession, person: Person) -> bool:
    """Return whether the person has an authenticator app or a passkey."""
    return person.totp_sealed is not None or bool(await list_passkeys(session, person.id))


async def count_recovery_codes(session: AsyncSession, person_id: UUID) -> int:
    """Return how many recovery codes a person has left."""
    codes = select(func.count()).where(RecoveryCode.person_id == person_id)
    return (await session.execute(codes)).scalar_one()


async def get_provider(session: AsyncSession, office: str) -> tuple[IdentityProvider, str]:
    """Return the identity provider of the office with this code, and the code as it is written.

    Raises:
        ProviderNotFoundError: there is no such office, or it has none.
    """
    found = (
        await session.execute(
            select(IdentityProvider, Office.code)
            .join(Office, Office.id == IdentityProvider.office_id)
            .where(Office.code == office.upper())
        )
    ).one_or_none()
    if found is None:
        raise ProviderNotFoundError
    return found[0], found[1]


async def find_provider(session: AsyncSession, office_id: int) -> IdentityProvider | None:
    """Return the office's identity provider, None without one."""
    return await session.get(IdentityProvider, office_id)


async def list_people(session: AsyncSession, office_id: int) -> list[tuple[Person, int, int]]:
    """Return the people of an office by account, with their numbers of passkeys and codes."""
    passkeys = select(func.count()).where(Passkey.person_id == Person.id).scalar_subquery()
    codes = select(func.count()).where(RecoveryCode.person_id == Person.id).scalar_subquery()
    found = select(Person, passkeys, codes).where(Person.office_id == office_id)
    rows = (await session.execute(found.order_by(Person.account))).all()
    return [(person, keys, left) for person, keys, left in rows]


async def list_colleagues(session: AsyncSession, office_id: int) -> list[Person]:
    """Return the people of an office by name, those who are shut out too."""
    found = select(Person).where(Person.office_id == office_id)
    return [*await session.scalars(found.order_by(Person.name, Person.id))]


async def list_locked(session: AsyncSession, keys: list[bytes]) -> list[bytes]:
    """Return those of some accounts' keys that wait for the administrator who asks."""
    return list(await session.scalars(text("SELECT locked_accounts(:keys)"), {"keys": keys}))


async def release_account(session: AsyncSession, key: bytes) -> bool:
    """Release an account for an administrator; return whether attempts were counted."""
    return bool(await session.scalar(text("SELECT release_account(:key)"), {"key": key}))


async def list_people_for_update(session: AsyncSession, office_id: int) -> list[Person]:
    """Return the people of an office by key, locked until the transaction ends."""
    found = select(Person).where(Person.office_id == office_id).order_by(Person.id)
    return list(await session.scalars(found.with_for_update()))


async def list_idle(
    session: AsyncSession, *, since: datetime, limit: int, office_id: int | None
) -> list[Person]:
    """Return enabled people who have not signed in since then, locked; those in use are skipped."""
    seen = func.greatest(Person.last_signed_in_at, Person.enabled_at)
    idle = select(Person).where(Person.disabled_at.is_(None), seen <= since).order_by(Person.id)
    if office_id is not None:
        idle = idle.where(Person.office_id == office_id)
    return list(await session.scalars(idle.limit(limit).with_for_update(skip_locked=True)))


async def list_sign_ins(session: AsyncSession, person_id: UUID, *, now: datetime) -> list[SignIn]:
    """Return a person's sign-ins that are in force, the one used last first."""
    found = select(SignIn).where(
        SignIn.person_id == person_id,
        SignIn.seen_at > now - IDLE,
        SignIn.began_at > now - ABSOLUTE,
    )
    return list(await session.scalars(found.order_by(SignIn.seen_at.desc(), SignIn.id)))


def ended(*, now: datetime, limit: int, office_id: int | None) -> Select[UUID]:
    """Describe sign-ins, of one office or of all, that are over and that nobody ended."""
    over = or_(SignIn.seen_at <= now - IDLE, SignIn.began_at <= now - ABSOLUTE)
    found = select(SignIn.id).where(over)
    if office_id is not None:
        people = select(Person.id).where(Person.office_id == office_id)
        found = found.where(SignIn.person_id.in_(people))
    return found.order_by(SignIn.seen_at).limit(limit).with_for_update(skip_locked=True)


def spent(*, now: datetime, limit: int) -> Select[bytes]:
    """Describe challenges that nobody could answer any more."""
    return (
        select(SpentChallenge.digest)
        .where(SpentChallenge.expires_at <= now)
        .order_by(SpentChallenge.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def stale_attempts(
    *, before: datetime, of_accounts_before: datetime, locked_before: datetime, limit: int
) -> Select[bytes]:
    """Describe counts that began before then; accounts, and locked ones, are kept longer."""
    locked = SignInAttempts.locked_until == text("'infinity'"), locked_before
    kept_from = case(locked, (SignInAttempts.in_a_row > 0, of_accounts_before), else_=before)
    stale = select(SignInAttempts.key).where(SignInAttempts.started_at <= kept_from).limit(limit)
    return stale.order_by(SignInAttempts.started_at).with_for_update(skip_locked=True)
