"""one address: an address in the mail domain of an office has no other one behind it

What stood behind a second @ counted as nothing, and mail went there.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0045"
down_revision: str | Sequence[str] | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP_DOMAIN = """
CREATE OR REPLACE FUNCTION keep_domain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.address !~ '^[A-Za-z0-9._%+-]+@[^@]+$'
     OR lower(split_part(NEW.address, '@', 2)) IS DISTINCT FROM (
       SELECT o.mail_domain FROM public.offices o WHERE o.id = NEW.office_id) THEN
    RAISE EXCEPTION 'mail goes to the domain of the office' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    op.execute(KEEP_DOMAIN)


def downgrade() -> None:
    raise NotImplementedError('Mail could then be led elsewhere.')
