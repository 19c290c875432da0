-- Changes of the primary of a database, as its keeper carried them out. They stay when the database is gone.
CREATE TABLE failovers (
  id text PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  started_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  -- `DatabaseFailover` of the keeper's protocol.
  failover jsonb NOT NULL
);
CREATE INDEX failovers_by_app ON failovers (app, started_at DESC);
