-- Where lines of an app's log are sent on to. Address and headers are sealed together: either may hold a secret.
CREATE TABLE log_drains (
  id text PRIMARY KEY,
  app text NOT NULL REFERENCES apps (name) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('http', 'otlp', 'syslog')),
  environment text,
  level text,
  -- Whether it may be on this machine itself; said by somebody with `admin`.
  is_local boolean NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);
CREATE INDEX ON log_drains (app);
