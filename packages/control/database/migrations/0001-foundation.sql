-- Words as in docs/GLOSSARY.md. Times are timestamptz; whole history stays except what a removed app took with it.

CREATE TABLE apps (
  name text PRIMARY KEY,
  -- Tells an app from an earlier one of the same name (its git repository, its logs).
  id text NOT NULL UNIQUE,
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);

-- Its row is the lock under which deployments are accepted and releases are numbered.
CREATE TABLE environments (
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  name text NOT NULL CHECK (name IN ('production', 'staging', 'preview', 'development')),
  last_release integer NOT NULL DEFAULT 0,
  PRIMARY KEY (app, name)
);

CREATE TABLE deployments (
  id text PRIMARY KEY,
  -- Order of acceptance.
  sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  app text NOT NULL,
  environment text NOT NULL,
  branch text,
  kind text NOT NULL CHECK (kind IN ('source', 'prebuilt')),
  -- {"upload": sha256} or {"commit": sha}
  source jsonb NOT NULL,
  source_hash text NOT NULL,
  git jsonb,
  host text NOT NULL UNIQUE,
  -- Host names and ids that builds and instances see; immutable like all above.
  system_environment jsonb NOT NULL,
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'building', 'deploying', 'ready', 'failed', 'cancelled', 'superseded', 'removed')),
  error jsonb,
  output text,
  -- Static-only outputs need no instance before they are switched to.
  has_functions boolean,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  ready_at timestamptz,
  ended_at timestamptz,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX deployments_by_app ON deployments (app, sequence DESC);
CREATE INDEX deployments_under_way ON deployments (app, environment, sequence)
  WHERE state IN ('queued', 'building', 'deploying');

CREATE TABLE deployment_steps (
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  position smallint NOT NULL,
  name text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'skipped')),
  started_at timestamptz,
  ended_at timestamptz,
  error jsonb,
  -- What the next step needs after a crash.
  result jsonb,
  PRIMARY KEY (deployment, position)
);

-- The variables' values at the time of acceptance, sealed as in `variables`: a rollback brings them back.
CREATE TABLE deployment_variables (
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  name text NOT NULL,
  sealed bytea NOT NULL,
  -- Absent: given with the deployment itself.
  version integer,
  PRIMARY KEY (deployment, name)
);

-- Append-only; the highest version of a name counts, and is absent when it has no value.
CREATE TABLE variables (
  app text NOT NULL,
  environment text NOT NULL,
  name text NOT NULL,
  version integer NOT NULL,
  sealed bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, environment, name, version),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Every host name that the platform answers to, so that no two things ever claim the same one.
CREATE TABLE aliases (
  host text PRIMARY KEY,
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('deployment', 'branch', 'staging', 'production', 'domain')),
  branch text,
  -- Absent until something is released to it.
  deployment text REFERENCES deployments ON DELETE CASCADE,
  release integer,
  -- Earlier deployments, newest first, whose hashed assets stay reachable.
  previous text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);
CREATE INDEX aliases_by_app ON aliases (app, kind);
CREATE INDEX aliases_by_deployment ON aliases (deployment);

CREATE TABLE releases (
  app text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  host text NOT NULL,
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('deploy', 'promote', 'rollback')),
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, environment, version),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
-- A pipeline that is resumed after its switch was committed must not release twice.
CREATE UNIQUE INDEX releases_once_by_deploy ON releases (deployment) WHERE kind = 'deploy';
CREATE INDEX releases_by_host ON releases (host, version DESC);

CREATE TABLE tokens (
  id text PRIMARY KEY,
  name text NOT NULL,
  hash bytea NOT NULL,
  permissions text[] NOT NULL,
  -- Absent: all apps.
  apps text[],
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  who text NOT NULL,
  action text NOT NULL,
  app text,
  object text,
  detail jsonb
);
CREATE INDEX audit_log_by_app ON audit_log (app, id DESC);

-- What edges and host serve: a snapshot, and the versions after it. `head` is locked by whoever appends, so versions
-- have no gaps and become visible in their order.
CREATE TABLE serving_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL
);
INSERT INTO serving_head (version) VALUES (0);
CREATE TABLE serving_versions (
  version bigint PRIMARY KEY,
  changes jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE serving_snapshot (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL,
  state jsonb NOT NULL
);
INSERT INTO serving_snapshot (version, state)
VALUES (0, '{"version": 0, "deployments": {}, "aliases": {}}');

CREATE TABLE uploads (
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  sha256 text NOT NULL,
  size_bytes bigint NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, sha256)
);
