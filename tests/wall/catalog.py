"""Who may do what in the database, as its catalog says, and what is wrong with it.

python -m tests.wall.catalog > tests/wall/rights.txt
"""

import asyncio
import secrets
from typing import Final

import asyncpg

from tests.database import Template, serving

ROLES: Final = (
    "joinder_owner",
    "joinder_app",
    "joinder_matcher",
    "joinder_ladder",
    "joinder_audit",
    "joinder_jobs",
    "joinder_backup",
)
SHOWING: Final = ("shown_overlaps", "state_overlaps", "published_charges")
"""The views that see with the rights of the ladder, and show by rung or what is published."""
UNGUARDED: Final = "alembic_version"
"""The one table without row security: a number, which start-up reads."""

_GRANTS: Final = """
SELECT c.relnamespace::regnamespace || '.' || c.relname, g.grantee,
  g.privilege_type || coalesce(' (' || g.columns || ')', '')
FROM pg_class c CROSS JOIN LATERAL (
  SELECT grantee::regrole::text AS grantee, privilege_type, NULL AS columns
  FROM aclexplode(c.relacl) WHERE grantee <> c.relowner
  UNION ALL
  SELECT e.grantee::regrole::text, e.privilege_type, string_agg(a.attname, ', ' ORDER BY attnum)
  FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) e
  WHERE a.attrelid = c.oid AND NOT a.attisdropped -- whose rights PostgreSQL 15 keeps
  GROUP BY 1, 2) AS g
WHERE c.relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
"""
_POLICIES: Final = r"""
SELECT schemaname || '.' || tablename, unnest(roles)::text, 'rows to ' || cmd,
  regexp_replace(regexp_replace(concat_ws(' -> ', qual, with_check), '\s+', ' ', 'g'),
    '\( SELECT (\w+\(\)) AS \w+\)', '\1', 'g')
FROM pg_policies
"""
_FUNCTIONS: Final = """
SELECT p.pronamespace::regnamespace || '.' || p.proname || '()',
  e.grantee::regrole::text, 'EXECUTE'
FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) e
WHERE p.pronamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND e.grantee <> p.proowner
"""
_SCHEMAS: Final = """
SELECT n.nspname, e.grantee::regrole::text, e.privilege_type || ' OF SCHEMA'
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) e
WHERE n.nspname = 'jobs' AND e.grantee <> n.nspowner
"""
_MEMBERS: Final = """
SELECT m.member::regrole::text, m.roleid::regrole::text, 'MEMBER' FROM pg_auth_members m
WHERE m.member::regrole::text = ANY($1)
"""

_WRONG: Final = """
SELECT 'row security is not forced on ' || relname FROM pg_class
WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
  AND relkind IN ('r', 'p') AND relname <> $2
  AND NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT 'no policy on ' || relname FROM pg_class c
WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
  AND relkind IN ('r', 'p') AND relname <> $2
  AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
UNION ALL
SELECT relname || ' belongs to ' || relowner::regrole FROM pg_class
WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
  AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  AND relowner::regrole::text
    <> CASE WHEN relname = ANY($3) THEN 'joinder_ladder' ELSE 'joinder_owner' END
UNION ALL
SELECT p.oid::regprocedure || ' belongs to ' || proowner::regrole FROM pg_proc p
WHERE pronamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
  AND (proowner::regrole::text <> ALL($1) OR prosecdef AND proowner::regrole::text = ANY(
    ARRAY['joinder_owner', 'joinder_backup']))
UNION ALL
SELECT p.oid::regprocedure || ' has no fixed search path' FROM pg_proc p
WHERE pronamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND prosecdef
  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY(proconfig), false)
UNION ALL
SELECT 'everyone may execute ' || p.oid::regprocedure FROM pg_proc p
WHERE pronamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND (
  proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))
UNION ALL
SELECT 'everyone may use ' || relname FROM pg_class
WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)
  AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0)
UNION ALL
SELECT relname || ' sees with the rights of its owner' FROM pg_class
WHERE relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace) AND (relkind = 'm'
  OR relkind = 'v' AND relname <> ALL($3)
    AND NOT coalesce('security_invoker=true' = ANY(reloptions), false))
UNION ALL
SELECT 'nobody looks at the schema ' || nspname FROM pg_namespace
WHERE nspname !~ '^(pg_|information_schema$)' AND nspname NOT IN ('public', 'jobs')
UNION ALL
SELECT rolname || ' has a power that it should not' FROM pg_roles
WHERE rolname = ANY($1) AND (rolsuper OR rolcanlogin OR rolcreaterole OR rolcreatedb
  OR rolreplication OR rolbypassrls <> (rolname = 'joinder_backup'))
UNION ALL
SELECT 'no role ' || name FROM unnest($1::text[]) AS r (name) WHERE to_regrole(name) IS NULL
"""


async def wrong(connection: asyncpg.Connection) -> list[str]:
    """Return what no migration may leave behind."""
    return [row[0] for row in await connection.fetch(_WRONG, list(ROLES), UNGUARDED, SHOWING)]


async def rights(connection: asyncpg.Connection) -> list[str]:
    """Return every right of every role, and the rows that it reaches -> may leave, in order."""
    rows = [
        *await connection.fetch(_GRANTS),
        *await connection.fetch(_POLICIES),
        *await connection.fetch(_FUNCTIONS),
        *await connection.fetch(_SCHEMAS),
        *await connection.fetch(_MEMBERS, list(ROLES)),
    ]
    return sorted("  ".join(row).removeprefix("public.") for row in rows)


async def _print(url: str) -> None:
    connection = await asyncpg.connect(url)
    print("\n".join(await rights(connection)))
    await connection.close()


def main() -> None:
    """Print the rights of a new database."""
    with serving(secrets.token_hex(8)) as server_url:
        template = Template(server_url)
        with template.clone() as url:
            asyncio.run(_print(url))
        template.drop()


if __name__ == "__main__":
    main()
