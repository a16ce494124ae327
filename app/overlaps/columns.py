"""A post as the columns that the SQL of matching takes."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.identifiers.kinds import KINDS
from app.overlaps import shares
from app.overlaps.postings import Keys, Posting, Sighting
from app.overlaps.rows import HeldBefore
from app.overlaps.sealing import Sealer


def tokens(
    sightings: Sequence[Sighting],
    before: Mapping[bytes, HeldBefore],
    hidden_cases: Collection[int],
) -> list[tuple[bytes, int, int, int]]:
    """Return token, kind and what a new row counts, in byte order."""
    kinds = {token: held.kind for token, held in before.items()}
    kinds |= {s.token: KINDS[s.kind].code for s in sightings}
    posted = shares.subjects_of(sightings, hidden_cases)
    return [
        (token, kinds[token], shares.counted(seen), shares.counted(hidden))
        for token in sorted(kinds)
        for seen, hidden in (posted.get(token, (0, 0)),)
    ]


def subjects(postings: Sequence[Posting]) -> list[tuple[int, str, str, str, str, int, bool]]:
    """Return the columns of the subjects of postings, but for their office."""
    return [
        (
            p.case_id,
            s.ref,
            s.kind,
            _array(name.rarity for name in s.names),
            _array(s.masks),
            s.numbers,
            p.is_hidden,
        )
        for p in postings
        for s in p.subjects
    ]


def sealed(sealer: Sealer, postings: Sequence[Posting], keys: Keys) -> dict[int, bytes]:
    """Return the sealed elements of each subject that has any, by its key."""
    return {
        key: sealer.seal(key, [(KINDS[kind].code, n) for kind, _, n in s.elements])
        for p in postings
        for s in p.subjects
        if s.elements
        for key in (keys[p.case_id, s.ref],)
    }


def _array(numbers: Iterable[int]) -> str:
    """Return the text form of a PostgreSQL array."""
    return "{" + ",".join(map(str, numbers)) + "}"
