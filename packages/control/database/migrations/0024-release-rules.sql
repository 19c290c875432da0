-- Deployments that are never brought back, and why.
CREATE TABLE condemnations (
  deployment text PRIMARY KEY REFERENCES deployments ON DELETE CASCADE,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL
);

-- Where a deployment brings no runbook: what has to hold for its releases, as `ReleasePlan`.
ALTER TABLE environments
  ADD COLUMN release_plan jsonb NOT NULL DEFAULT '{}',
  -- {"by", "reason", "atMs"} while what is pushed is built and not released.
  ADD COLUMN auto_deploy_paused jsonb;

-- Of a push: nobody asked for its release in particular.
ALTER TABLE deployments ADD COLUMN automatic boolean NOT NULL DEFAULT false;

ALTER TABLE staged_releases ADD COLUMN minimum_requests integer NOT NULL DEFAULT 50;

-- Who asked for which rollback, where it takes two people.
CREATE TABLE rollback_approvals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  from_deployment text NOT NULL,
  to_deployment text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  used_at timestamptz,
  used_by text,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX rollback_approvals_open ON rollback_approvals (app, environment) WHERE used_at IS NULL;
