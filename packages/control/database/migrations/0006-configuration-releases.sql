-- Who changed which variables when; what they were changed to stands sealed in `variables`.
CREATE TABLE variable_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  -- restore: by a rollback or promotion; undo: the release that was to bring them failed.
  kind text NOT NULL CHECK (kind IN ('set', 'rotate', 'overlap_end', 'restore', 'undo')),
  reason text,
  -- That brings them, or brought them back.
  deployment text REFERENCES deployments ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX variable_changes_by_environment ON variable_changes (app, environment, id DESC);
CREATE INDEX variable_changes_by_deployment ON variable_changes (deployment);

-- `plain`: no secret; logs show it.
ALTER TABLE variables
  ADD COLUMN change bigint REFERENCES variable_changes ON DELETE CASCADE,
  ADD COLUMN plain boolean NOT NULL DEFAULT false;
CREATE INDEX variables_by_change ON variables (change);

-- `derived_from`: whose build it serves with other variables. `declared`: `env` of the source's vercel.json.
ALTER TABLE deployments
  ADD COLUMN derived_from text REFERENCES deployments ON DELETE CASCADE,
  ADD COLUMN declared jsonb NOT NULL DEFAULT '{}';

-- `declared`: by vercel.json, not by a person.
ALTER TABLE deployment_variables
  ADD COLUMN plain boolean NOT NULL DEFAULT false,
  ADD COLUMN declared boolean NOT NULL DEFAULT false;

-- NAME was given a new value; NAME_PREVIOUS keeps the old one until then.
CREATE TABLE variable_overlaps (
  app text NOT NULL,
  environment text NOT NULL,
  name text NOT NULL,
  ends_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (app, environment, name),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- A token's former secret, accepted until then.
ALTER TABLE tokens
  ADD COLUMN previous_hash bytea,
  ADD COLUMN previous_until timestamptz;
