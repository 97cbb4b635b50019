-- The database roles of Nissmart. Run it as a superuser in the product's database, as often as you
-- like: docs/operations.md, section 2. It sets no passwords.
--
--   nissmart_owner   owns the tables and their triggers. Only migrations, backups and restores use it
--   nissmart_app     the web servers and workers. `manage.py migrate` gives it its rights
--   nissmart_reader  reads everything and changes nothing: reports, and people who look

DO $$
BEGIN
    -- CREATEDB, for the scratch database in which a backup is tried.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nissmart_owner') THEN
        CREATE ROLE nissmart_owner LOGIN CREATEDB;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nissmart_app') THEN
        CREATE ROLE nissmart_app LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nissmart_reader') THEN
        CREATE ROLE nissmart_reader LOGIN;
    END IF;
END $$;

ALTER ROLE nissmart_owner NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE nissmart_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE nissmart_reader NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE nissmart_reader SET default_transaction_read_only = on;

-- The owner's later tables, and those that are there.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO nissmart_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO nissmart_app, nissmart_reader',
                   current_database());
END $$;
GRANT USAGE ON SCHEMA public TO nissmart_app, nissmart_reader;
GRANT CREATE, USAGE ON SCHEMA public TO nissmart_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE nissmart_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO nissmart_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nissmart_owner IN SCHEMA public
    GRANT SELECT ON SEQUENCES TO nissmart_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO nissmart_reader;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO nissmart_reader;

-- An installation that had one role hands its tables and functions over.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s OWNER TO nissmart_owner', oid::regclass)
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND relowner <> 'nissmart_owner'::regrole
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO nissmart_owner', pg_proc.oid::regprocedure)
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
          AND proowner <> 'nissmart_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
