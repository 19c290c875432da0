-- Where metrics, logs and traces are sent on to by OTLP/HTTP. Address and headers are sealed together: either may hold a secret.
CREATE TABLE telemetry_exports (
  id text PRIMARY KEY,
  -- Null: of all apps and the platform itself.
  app text REFERENCES apps (name) ON DELETE CASCADE,
  kinds text[] NOT NULL,
  sealed bytea NOT NULL,
  -- How far it has come; see ExportState.
  state jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);
