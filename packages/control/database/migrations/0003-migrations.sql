-- SQL that sources bring, once for all deployments of an app: approvals and dry runs need it when the source is gone.
CREATE TABLE migration_files (
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  -- sha256 of the file.
  checksum text NOT NULL,
  sql text NOT NULL,
  PRIMARY KEY (app, checksum)
);

-- Of every deployment that has a database.
CREATE TABLE deployment_migrations (
  deployment text PRIMARY KEY REFERENCES deployments ON DELETE CASCADE,
  -- As detected, without SQL; absent: its source brings none.
  migration_set jsonb,
  -- Names in the database's own ledger when its code became ready for it; absent: it did not come so far.
  known text[]
);

-- The last that was seen of a database's own ledger, for releases while the database is away.
CREATE TABLE database_ledgers (
  app text NOT NULL,
  environment text NOT NULL,
  ledger jsonb NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Who let which statements run. One of statements is good for one run, so that a database that was set back is not migrated again
-- unasked; one of a command stands as long as the command stays the same.
CREATE TABLE migration_approvals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  -- Hash of exactly these statements, or of the command and its files.
  key text NOT NULL,
  -- As they were shown.
  statements jsonb NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  -- The deployment whose run it was for.
  used_by text,
  used_at timestamptz,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX migration_approvals_by_key ON migration_approvals (app, environment, key);

-- A person has it released although it does not know the schema.
ALTER TABLE deployments ADD COLUMN ignore_schema boolean NOT NULL DEFAULT false;
