-- What each deployment declares; a release makes it the app's.
CREATE TABLE deployment_schedules (
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  name text NOT NULL,
  definition jsonb NOT NULL,
  PRIMARY KEY (deployment, name)
);

-- Jobs of an app. Settings and history outlive the releases that declare the job.
CREATE TABLE schedule_jobs (
  id text PRIMARY KEY,
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  name text NOT NULL,
  -- Both absent while the current release does not declare it.
  definition jsonb,
  deployment text REFERENCES deployments ON DELETE SET NULL,
  -- Absent: the usual policy.
  overlap text CHECK (overlap IN ('skip', 'queue', 'allow')),
  missed text CHECK (missed IN ('once', 'all', 'skip')),
  retries smallint CHECK (retries BETWEEN 0 AND 10),
  limit_ms integer CHECK (limit_ms > 0),
  paused_at timestamptz,
  paused_by text,
  -- Every time up to here has its row, or was declared not to have one.
  decided_through timestamptz NOT NULL,
  -- The first time after it; absent while nothing is to come.
  next_at timestamptz,
  UNIQUE (app, name)
);
CREATE INDEX schedule_jobs_due ON schedule_jobs (next_at) WHERE next_at IS NOT NULL;

-- One row for each time of a job, whatever became of it, and for each run that somebody asked for.
CREATE TABLE schedule_runs (
  -- Told to the app with each call of the run.
  id text PRIMARY KEY,
  job text NOT NULL REFERENCES schedule_jobs ON DELETE CASCADE,
  scheduled_at timestamptz NOT NULL,
  -- Absent: by the clock.
  asked_by text,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'skipped')),
  -- Why it was skipped or failed.
  reason text,
  -- Takes its turn behind a run of the same job, whatever the policy says of others.
  takes_turn boolean NOT NULL DEFAULT false,
  start_at timestamptz NOT NULL,
  calls smallint NOT NULL DEFAULT 0,
  failures smallint NOT NULL DEFAULT 0,
  scheduler text,
  deployment text,
  started_at timestamptz,
  ended_at timestamptz,
  duration_ms integer,
  http_status smallint,
  request_id text
);
CREATE UNIQUE INDEX schedule_runs_once ON schedule_runs (job, scheduled_at) WHERE asked_by IS NULL;
CREATE INDEX schedule_runs_by_job ON schedule_runs (job, scheduled_at DESC);
CREATE INDEX schedule_runs_waiting ON schedule_runs (start_at) WHERE state = 'waiting';
CREATE INDEX schedule_runs_open ON schedule_runs (job) WHERE state IN ('waiting', 'running');

-- Who may have runs under way; one whose count stands still is gone, and its runs are another's.
CREATE TABLE schedulers (
  id text PRIMARY KEY,
  beats bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cron_secrets (
  app text NOT NULL,
  environment text NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
