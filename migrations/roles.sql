-- The roles of Joinder. A server has one set of them; a superuser runs this once: see
-- docs/operating.md. Running it again changes nothing. No role here can sign in.
DO $$
DECLARE
  role text;
BEGIN
  PERFORM pg_advisory_xact_lock(1246710094);  -- two at once would both find a role absent
  FOREACH role IN ARRAY ARRAY[
    'joinder_app',      -- acts for one office: sees that office's rows
    'joinder_matcher',  -- sees tokens across offices, no text; writes for one office
    'joinder_ladder',   -- reads what its views show by rung; nobody becomes it
    'joinder_audit',    -- adds audit entries and reads none
    'joinder_jobs'      -- the operator's commands and the nightly jobs
  ] LOOP
    IF to_regrole(role) IS NULL THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    END IF;
  END LOOP;
  IF to_regrole('joinder_owner') IS NULL THEN
    -- owns the tables; forced row security binds it too, and what the ladder may is not its own
    CREATE ROLE joinder_owner NOLOGIN NOINHERIT;
  END IF;
  IF to_regrole('joinder_backup') IS NULL THEN
    CREATE ROLE joinder_backup NOLOGIN BYPASSRLS;  -- reads everything: pg_dump --role
  END IF;
  GRANT joinder_audit TO joinder_app, joinder_jobs;
  GRANT joinder_ladder TO joinder_owner;  -- who makes its views
  GRANT pg_read_all_data TO joinder_backup;
END $$;
