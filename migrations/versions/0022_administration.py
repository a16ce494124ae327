"""administration: an office's people change what only the operator could: clients, contacts, word

Each right is that of one role, and of the office's own rows.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OWN, answer_as_ladder

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IS_ADMINISTRATOR = "(SELECT 'administrator' = ANY (current_roles()))"
IS_HEAD = "(SELECT 'leadership' = ANY (current_roles()))"
ITSELF = 'client_id = (SELECT current_client())'
ARRIVING = '(SELECT is_arriving())'
OF_OWN_CLIENT = f"""({IS_ADMINISTRATOR} AND (
  SELECT true FROM client_credentials c WHERE c.id = client_id AND c.{OWN}))"""
MANAGED = f'{OWN} AND {IS_ADMINISTRATOR}'
ITS_OFFICE = f'id = (SELECT current_office()) AND {IS_ADMINISTRATOR}'

# table -> (privilege, rows that it reaches or may make)
RULES = {
    'client_credentials': [('INSERT', MANAGED)],
    'office_contacts': [('INSERT', MANAGED), ('UPDATE', MANAGED)],
    'offices': [('UPDATE (contact_title, contact_phone, contact_email)', ITS_OFFICE)],
    'commitments': [('INSERT', f'{OWN} AND {IS_HEAD}')],
}

OWN_AGREEMENTS = """
CREATE FUNCTION own_agreements()
RETURNS TABLE (version varchar, signatory varchar, signed_on date, effective_on date, ends_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY SELECT a.version, a.signatory, a.signed_on, a.effective_on, a.ends_on
    FROM public.participation_agreements a WHERE a.office_id = public.current_office()
    ORDER BY a.effective_on DESC, a.id DESC;
END
$function$
"""


def upgrade() -> None:
    for table, rules in RULES.items():
        for privilege, rows in rules:
            action = privilege.split()[0]
            using = '' if action == 'INSERT' else f' USING ({rows})'
            op.execute(f'GRANT {privilege} ON {table} TO joinder_app')
            op.execute(
                f'CREATE POLICY app_{action.lower()} ON {table} FOR {action}'
                f' TO joinder_app{using} WITH CHECK ({rows})'
            )
    # whoever may lock a client's row, to change its own keys, may not change the row itself
    op.execute('GRANT UPDATE (networks) ON client_credentials TO joinder_app')
    op.execute(f'ALTER POLICY app_update ON client_credentials WITH CHECK ({MANAGED})')
    op.execute(
        'ALTER POLICY app_select ON client_keys'
        f' USING ({ITSELF} OR {ARRIVING} OR {OF_OWN_CLIENT})'
    )
    op.execute(f'ALTER POLICY app_insert ON client_keys WITH CHECK ({ITSELF} OR {OF_OWN_CLIENT})')
    op.execute(
        f'ALTER POLICY app_update ON client_keys USING ({ITSELF} OR {OF_OWN_CLIENT})'
        f' WITH CHECK ({ITSELF} OR {OF_OWN_CLIENT})'
    )
    op.execute('GRANT SELECT (id, version, signatory, signed_on) ON participation_agreements TO joinder_ladder')
    answer_as_ladder({'own_agreements()': OWN_AGREEMENTS}, 'app')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION own_agreements()')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE SELECT (id, version, signatory, signed_on) ON participation_agreements FROM joinder_ladder')
    op.execute(f'ALTER POLICY app_select ON client_keys USING ({ITSELF} OR {ARRIVING})')
    op.execute(f'ALTER POLICY app_insert ON client_keys WITH CHECK ({ITSELF})')
    op.execute(f'ALTER POLICY app_update ON client_keys USING ({ITSELF}) WITH CHECK ({ITSELF})')
    op.execute(f'ALTER POLICY app_update ON client_credentials WITH CHECK ({OWN})')
    op.execute('REVOKE UPDATE (networks) ON client_credentials FROM joinder_app')
    for table, rules in RULES.items():
        for privilege, _ in rules:
            op.execute(f'DROP POLICY app_{privilege.split()[0].lower()} ON {table}')
            op.execute(f'REVOKE {privilege} ON {table} FROM joinder_app')
