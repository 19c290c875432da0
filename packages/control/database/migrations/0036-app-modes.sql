-- Apps that do less than usual, on purpose; a row while they do.
CREATE TABLE app_modes (
  app text NOT NULL,
  environment text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('degraded', 'maintenance')),
  -- Flags that are off.
  features text[] NOT NULL DEFAULT '{}',
  message text NOT NULL,
  -- Of maintenance: prefixes of paths that go on.
  essential text[] NOT NULL DEFAULT '{}',
  -- Of maintenance: SHA-256, hex, of what lets operators pass.
  pass_hash text,
  -- When it is to be over, as far as anybody has said.
  until_at timestamptz,
  incident bigint REFERENCES incidents ON DELETE SET NULL,
  entered_at timestamptz NOT NULL DEFAULT now(),
  -- {"kind", "id", "name"}
  entered_by jsonb NOT NULL,
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Flags change with the mode, too.
ALTER TABLE flag_versions DROP CONSTRAINT flag_versions_action_check;
ALTER TABLE flag_versions ADD CONSTRAINT flag_versions_action_check CHECK (action IN ('declare', 'override', 'rollback', 'mode'));
