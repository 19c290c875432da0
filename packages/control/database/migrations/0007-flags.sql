-- Feature flags of app environments: what is declared, and what was changed at run time. Append-only; the highest version counts.
CREATE TABLE flag_versions (
  app text NOT NULL,
  environment text NOT NULL,
  version integer NOT NULL,
  action text NOT NULL CHECK (action IN ('declare', 'override', 'rollback')),
  declared jsonb NOT NULL,
  overrides jsonb NOT NULL,
  -- What this version changed, for people.
  detail jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, environment, version),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

ALTER TABLE deployments
  -- What its source declares; absent where it says nothing of flags. It counts from its release on.
  ADD COLUMN flag_set jsonb,
  -- SHA-256 of the key in its OFREP_ENDPOINT.
  ADD COLUMN flags_key_hash text;
