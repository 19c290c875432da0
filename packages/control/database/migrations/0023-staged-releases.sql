-- A second deployment that answers a share of an alias's visitors.
ALTER TABLE aliases
  ADD COLUMN canary text REFERENCES deployments ON DELETE SET NULL,
  ADD COLUMN canary_share double precision CHECK (canary_share > 0 AND canary_share <= 1);

-- Absent: as its environment says. Empty: at once.
ALTER TABLE deployments ADD COLUMN rollout jsonb;

CREATE TABLE staged_releases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  host text NOT NULL,
  -- What is brought, and what answered when it began.
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  baseline text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('deploy', 'promote', 'rollback')),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'held', 'done', 'aborted')),
  -- Position of the step under way.
  step smallint NOT NULL DEFAULT 1,
  reason text,
  ignore_schema boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  ended_at timestamptz,
  ended_by text,
  ended_reason text,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE UNIQUE INDEX staged_releases_at_once ON staged_releases (host) WHERE state IN ('running', 'held');
CREATE INDEX staged_releases_by_deployment ON staged_releases (deployment);

CREATE TABLE staged_release_steps (
  staged_release bigint NOT NULL REFERENCES staged_releases ON DELETE CASCADE,
  position smallint NOT NULL,
  share double precision NOT NULL,
  -- Absent: until somebody promotes it.
  duration_ms bigint,
  -- Of a monotonic clock, so that a step of the wall clock neither ends nor prolongs it; written every few seconds.
  elapsed_ms bigint NOT NULL DEFAULT 0,
  started_at timestamptz,
  ended_at timestamptz,
  -- Both sides as they were when it ended.
  comparison jsonb,
  PRIMARY KEY (staged_release, position)
);
