"""What the matcher keeps counts of, counted again from the sightings themselves."""

from typing import Final

WRONG_COUNTS: Final = """
SELECT t.kind, t.subjects, t.offices, held.subjects AS held_by, held.offices AS held_in
FROM tokens t
CROSS JOIN LATERAL (
  SELECT (SELECT count(DISTINCT subject_id) FROM (
            SELECT subject_id FROM sightings WHERE token = t.token
            UNION ALL SELECT subject_id FROM common_sightings WHERE token = t.token) AS every
         ) AS subjects,
         (SELECT count(DISTINCT office_id) FROM sightings WHERE token = t.token) AS offices
) AS held
WHERE (t.subjects, t.offices) <> (held.subjects, held.offices)
"""
"""Registry rows whose numbers of subjects or offices are not those of the sightings; none."""

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
       AND NOT EXISTS (SELECT FROM common_sightings g WHERE g.subject_id = s.id))
"""
"""Subjects with sightings and no sealed elements, or the other way round; none."""

CHECKS: Final = {"counts": WRONG_COUNTS, "sides": WRONG_SIDES, "sealed": UNSEALED}

ACTIVE_PAIRS: Final = """
SELECT lf.code || '/' || l.external_id, hf.code || '/' || h.external_id
FROM "overlaps" o
JOIN cases l ON l.id = o.low_case_id JOIN offices lf ON lf.id = l.office_id
JOIN cases h ON h.id = o.high_case_id JOIN offices hf ON hf.id = h.office_id
WHERE o.retracted_at IS NULL
"""
"""The overlaps that stand, as pairs of `office/case`."""
