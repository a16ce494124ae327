"""What comes of the filler's overlaps: notices, reminders, requests; each side has some of all."""

from typing import Final

import asyncpg

# what posting would have written of each side; who comes later is not told of it, and everyone who
# is there has read every fourth
_EVENTS: Final = """
INSERT INTO events (office_id, type, overlap_id)
SELECT office_id, 'overlap.found', overlap_id FROM overlap_sides
"""
_MARKS: Final = """
INSERT INTO notice_reads (person_id, event_number)
SELECT p.id, e.number FROM persons p JOIN events e ON e.office_id = p.office_id
WHERE e.number % 4 = 0
"""
_AUDIT: Final = """
INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail, request_id)
SELECT 'overlaps.disclosed', office_id, 'bench', '1 overlaps', ARRAY[office_id], '{}', 'bench'
FROM overlap_sides
"""
_REMINDERS: Final = """
INSERT INTO reminders (id, office_id, overlap_id, round, step, level, due_on, made_at)
SELECT uuidv7(), office_id, overlap_id, 1, 'acknowledge', 'reminder', current_date - 1, now()
FROM overlap_sides
"""
_LOOKS: Final = """
INSERT INTO second_looks (id, office_id, overlap_id, state, version, asked_at)
SELECT uuidv7(), office_id, overlap_id, 'asked', 1, now() FROM overlap_sides
"""
_CONTACTS: Final = """
INSERT INTO contact_requests (id, overlap_id, requester_office_id, responder_office_id,
  requester_case_id, responder_case_id, reason, status, version, requested_by, requested_at,
  expires_at)
SELECT uuidv7(), overlap_id, office_id, other_office_id, case_id, other_case_id, 'act_ahead',
  'pending', 1, 'bench', now(), now() + interval '9 days'
FROM overlap_sides WHERE case_id < other_case_id
"""
# of all but the strong ones, of which a draft can still be made
_REQUESTS: Final = """
WITH side AS (
  SELECT s.*, s.overlap_id AS id FROM overlap_sides s JOIN "overlaps" o ON o.id = s.overlap_id
  WHERE s.case_id < s.other_case_id AND o.band <> 'strong'
), request AS (
  INSERT INTO handling_requests (id, kind, status, requester_office_id, requested_by, on_silence,
    answer_days, terms_number, version, requested_at, sent_at, due_at)
  SELECT id, 'consult', 'sent', office_id, 'bench', 'none', 14, 0, 1, now(), now(),
    now() + interval '14 days'
  FROM side
)
INSERT INTO handling_parties (request_id, number, office_id, overlap_id, case_id,
  requester_case_id, open_as)
SELECT id, 1, office_id, NULL::uuid, NULL::bigint, NULL::bigint, 'consult' FROM side
UNION ALL SELECT id, 2, other_office_id, overlap_id, other_case_id, case_id, 'consult' FROM side
"""
# the Attorney General ($1) has every overlap within its state to mediate
_MEDIATED: Final = """
WITH general AS (SELECT id, state FROM offices WHERE code = $1),
setting AS (
  INSERT INTO state_settings (state, mediator_office_id, has_state_pointers, review_years)
  SELECT state, id, true, 5 FROM general
)
INSERT INTO mediations (overlap_id, mediator_office_id, asked_at)
SELECT s.overlap_id, g.id, now()
FROM general g
JOIN offices o ON o.state = g.state
JOIN overlap_sides s ON s.office_id = o.id AND s.case_id < s.other_case_id
JOIN offices other ON other.id = s.other_office_id AND other.state = g.state
"""


async def deal(url: str, general: str) -> None:
    """Write them; `general` is the code of the office that mediates, and analyze."""
    database = await asyncpg.connect(url, timeout=600)
    try:
        for statement in (_EVENTS, _MARKS, _AUDIT, _REMINDERS, _LOOKS, _CONTACTS, _REQUESTS):
            await database.execute(statement, timeout=600)
        await database.execute(_MEDIATED, general, timeout=600)
        await database.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await database.close()
