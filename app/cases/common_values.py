"""The SQL by which an office reads its own values that are too common to match."""

from typing import Final

from app.cases import ladder

# of each value the first cases only: the office's share bounds what is matched, not what is kept
COMMON_KINDS: Final = """
SELECT DISTINCT s.case_id, s.ref, t.kind
FROM subjects s
CROSS JOIN LATERAL (
  SELECT token, FALSE AS is_aside FROM sightings WHERE subject_id = s.id
  UNION ALL SELECT token, FALSE FROM hidden_sightings WHERE subject_id = s.id
  UNION ALL SELECT token, TRUE FROM common_sightings WHERE subject_id = s.id) AS g
JOIN tokens t ON t.token = g.token
WHERE s.case_id = ANY($1::bigint[]) AND (g.is_aside OR t.is_common)
  AND t.epoch = (SELECT epoch FROM key_epochs WHERE state = 'current')
"""

COMMON_VALUES: Final = f"""
SELECT v.token, t.kind, t.offices, t.subjects, held.subjects AS held_by
FROM (
  SELECT t.token FROM tokens t
  WHERE t.is_common AND (
    EXISTS (SELECT FROM sightings g WHERE g.token = t.token AND g.office_id = $1)
    OR EXISTS (SELECT FROM hidden_sightings g WHERE g.token = t.token AND g.office_id = $1))
  UNION SELECT c.token FROM common_sightings c WHERE c.office_id = $1) AS v
JOIN tokens t ON t.token = v.token
CROSS JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('source_system', c.source_system,
    'external_id', c.external_id, 'ref', s.ref) ORDER BY s.id) AS subjects
  FROM (
    SELECT DISTINCT g.subject_id FROM (
      SELECT subject_id FROM sightings WHERE token = v.token AND office_id = $1
      UNION ALL SELECT subject_id FROM hidden_sightings WHERE token = v.token AND office_id = $1
      UNION ALL SELECT subject_id FROM common_sightings WHERE token = v.token AND office_id = $1
    ) AS g ORDER BY g.subject_id LIMIT 50) AS mine
  JOIN subjects s ON s.id = mine.subject_id
  JOIN cases c ON c.id = s.case_id
  WHERE {ladder.NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$5::uuid")}) AS held
WHERE $4 AND held.subjects IS NOT NULL
  AND t.epoch = (SELECT epoch FROM key_epochs WHERE state = 'current')
  AND v.token > coalesce($2, ''::bytea)
ORDER BY v.token LIMIT $3
"""  # noqa: S608 -- constants only; every value is a parameter
