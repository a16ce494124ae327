"""who is told to mediate: those who may read it, and no office of what a wall keeps from it"""

from collections.abc import Sequence

from alembic import op

revision: str = "0074"
down_revision: str | Sequence[str] | None = "0073"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ALLOWED = """
  SELECT NEW.mediator_office_id, 'mediation.asked'
  WHERE NOT EXISTS (
      SELECT FROM public.overlaps o
      JOIN public.case_walls w ON w.case_id IN (o.low_case_id, o.high_case_id)
      WHERE o.id = NEW.overlap_id AND w.office_id = NEW.mediator_office_id AND w.lifted_at IS NULL)"""
BY_ROLE = """
ALTER POLICY app_by_role ON events USING (
  CASE type WHEN 'alarm.raised'
    THEN (SELECT current_roles() && ARRAY['leadership', 'administrator', 'auditor']){more}
    ELSE (SELECT NOT current_roles() <@ ARRAY['administrator', 'auditor'])
      OR split_part(type, '.', 1) IN ('participation', 'commitment', 'credential')
  END)
"""
MEDIATING = """
    WHEN 'mediation.asked' THEN (SELECT current_roles() && ARRAY['client', 'coordinator'])"""
TELL = """
CREATE OR REPLACE FUNCTION tell_the_mediator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type){told};
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    _replace(ALLOWED)
    op.execute(BY_ROLE.format(more=MEDIATING))


def downgrade() -> None:
    op.execute(BY_ROLE.format(more=""))
    _replace("\n  VALUES (NEW.mediator_office_id, 'mediation.asked')")


def _replace(told: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(TELL.format(told=told))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
