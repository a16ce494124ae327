"""What the matcher keeps counts of, counted again from the sightings themselves."""

from typing import Final

WRONG_COUNTS: Final = """
WITH held AS (
  SELECT token, is_hidden, count(*) AS offices, sum(least(3, n)) AS subjects FROM (
    SELECT token, office_id, is_hidden, count(DISTINCT subject_id) AS n FROM (
      SELECT token, office_id, subject_id, FALSE AS is_hidden FROM sightings
      UNION ALL SELECT token, office_id, subject_id, TRUE FROM hidden_sightings) AS g
    GROUP BY token, office_id, is_hidden) AS h
  GROUP BY token, is_hidden)
SELECT t.kind, t.subjects, t.offices, t.hidden_subjects, t.hidden_offices, v.*, h.*
FROM tokens t
FULL JOIN (SELECT * FROM held WHERE NOT is_hidden) v ON v.token = t.token
FULL JOIN (SELECT * FROM held WHERE is_hidden) h ON h.token = t.token
WHERE (t.subjects, t.offices, t.hidden_subjects, t.hidden_offices) IS DISTINCT FROM
      (coalesce(v.subjects, 0), coalesce(v.offices, 0), coalesce(h.subjects, 0),
       coalesce(h.offices, 0))
   OR (t.offices + t.hidden_offices = 0 AND NOT t.is_suppressed
       AND NOT EXISTS (SELECT FROM common_sightings c WHERE c.token = t.token))
"""
"""Registry rows whose numbers are not those of the sightings, or kept for nothing; none.

While a rotation lifts to an epoch, sightings set aside may be there before the others."""

MISPLACED: Final = """
SELECT g.token FROM sightings g JOIN subjects s ON s.id = g.subject_id WHERE s.is_hidden
UNION ALL
SELECT g.token FROM hidden_sightings g JOIN subjects s ON s.id = g.subject_id WHERE NOT s.is_hidden
UNION ALL
SELECT c.token FROM common_sightings c JOIN subjects s ON s.id = c.subject_id
JOIN tokens t ON t.token = c.token
WHERE t.epoch = (SELECT epoch FROM key_epochs WHERE state = 'current')
GROUP BY c.token, c.office_id, s.is_hidden
HAVING (SELECT count(DISTINCT g.subject_id) FROM (
          SELECT token, office_id, subject_id, FALSE AS is_hidden FROM sightings
          UNION ALL SELECT token, office_id, subject_id, TRUE FROM hidden_sightings) AS g
        WHERE g.token = c.token AND g.office_id = c.office_id AND g.is_hidden = s.is_hidden) < 10
"""
"""Sightings in the wrong table, or set aside although the office's share has room; none."""

WRONG_SIDES: Final = """
SELECT o.id FROM "overlaps" o LEFT JOIN overlap_sides s ON s.overlap_id = o.id
GROUP BY o.id, o.low_case_id, o.high_case_id
HAVING count(*) <> 2 OR array_agg(s.case_id ORDER BY s.case_id)
                        <> ARRAY[o.low_case_id, o.high_case_id]
"""
"""Overlaps that have not exactly one side for each of their two cases; none."""

UNSEALED: Final = """
SELECT s.id FROM subjects s LEFT JOIN sealed_elements e ON e.subject_id = s.id
WHERE (e.subject_id IS NULL)
   <> (NOT EXISTS (SELECT FROM sightings g WHERE g.subject_id = s.id)
       AND NOT EXISTS (SELECT FROM hidden_sightings g WHERE g.subject_id = s.id)
       AND NOT EXISTS (SELECT FROM common_sightings g WHERE g.subject_id = s.id))
"""
"""Subjects with sightings and no sealed elements, or the other way round; none."""

CHECKS: Final = {
    "counts": WRONG_COUNTS,
    "places": MISPLACED,
    "sides": WRONG_SIDES,
    "sealed": UNSEALED,
}

ACTIVE_PAIRS: Final = """
SELECT lf.code || '/' || l.external_id, hf.code || '/' || h.external_id
FROM "overlaps" o
JOIN cases l ON l.id = o.low_case_id JOIN offices lf ON lf.id = l.office_id
JOIN cases h ON h.id = o.high_case_id JOIN offices hf ON hf.id = h.office_id
WHERE o.retracted_at IS NULL
"""
"""The overlaps that stand, as pairs of `office/case`."""
