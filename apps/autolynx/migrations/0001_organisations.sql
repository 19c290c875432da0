-- Who may do what. Every table with an organisation's data is closed by row-level security, also to its owner (FORCE): what a query may see is said per
-- transaction by two settings, `autolynx.organisation` (one organisation's data) and `autolynx.scope` = 'directory' (who people are, before it is known
-- which organisation they belong to; nothing about campaigns).

CREATE FUNCTION current_organisation() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('autolynx.organisation', true), '')::uuid $$;

CREATE FUNCTION in_directory() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('autolynx.scope', true) = 'directory', false) $$;

CREATE TABLE organisations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (name <> ''),
  -- Lines that the provider's plan has: calls at once over all campaigns.
  line_limit int NOT NULL DEFAULT 10 CHECK (line_limit BETWEEN 1 AND 10000),
  monthly_budget_microdollars bigint CHECK (monthly_budget_microdollars > 0),
  -- Until then the provider is asked for nothing (429, outage); the step is how often in a row it had to be left alone.
  paused_until timestamptz,
  backoff_step int NOT NULL DEFAULT 0,
  -- The provider's own time of the newest call that it confirmed: where a search for calls of unknown fate begins.
  newest_call_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The allow-list: who has no row here cannot sign in.
CREATE TABLE people (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  email text NOT NULL CHECK (email = lower(email)),
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'operator')),
  -- Null until the one-time link was used.
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX people_email ON people (email);

CREATE TABLE sign_in_links (
  token_hash bytea PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE api_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  token_hash bytea NOT NULL UNIQUE,
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'operator')),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

-- How often something was tried within a window. Subjects are hashed: no addresses are kept.
CREATE TABLE rate_limits (
  subject bytea NOT NULL,
  window_start timestamptz NOT NULL,
  count int NOT NULL,
  PRIMARY KEY (subject, window_start)
);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation_id uuid NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_log_newest ON audit_log (organisation_id, id DESC);

-- What was written down stays as it was.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$;
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE organisations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON organisations USING (id = current_organisation() OR in_directory());
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE people FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON people USING (organisation_id = current_organisation() OR in_directory());
ALTER TABLE sign_in_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_links FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sign_in_links
  USING (in_directory() OR EXISTS (SELECT FROM people p WHERE p.id = person_id AND p.organisation_id = current_organisation()));
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sessions
  USING (in_directory() OR EXISTS (SELECT FROM people p WHERE p.id = person_id AND p.organisation_id = current_organisation()));
ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON api_tokens USING (organisation_id = current_organisation() OR in_directory());
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON audit_log USING (organisation_id = current_organisation());
