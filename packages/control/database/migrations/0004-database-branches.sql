-- Copies of apps' databases that are to be. What they are made of is the keeper's.
CREATE TABLE database_branches (
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  name text NOT NULL,
  -- 'preview' goes with its preview, 'manual' and 'look' (a point in time, never scrubbed) when nobody used them for long.
  purpose text NOT NULL CHECK (purpose IN ('preview', 'manual', 'look')),
  -- Of a preview without a git branch: its deployment.
  deployment text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, name)
);

-- What verifications of backups have found, as the keeper tells it. Rows stay when the app goes, as its archive does.
CREATE TABLE database_verifications (
  id text PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  started_at timestamptz NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('running', 'passed', 'failed')),
  evidence jsonb NOT NULL
);
CREATE INDEX database_verifications_by_app ON database_verifications (app, started_at DESC);
