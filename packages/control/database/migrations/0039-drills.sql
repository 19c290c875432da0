-- Rehearsed disasters: the row is there before anything is done. They stay when the app is gone.
CREATE TABLE drills (
  id text PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  scenario text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'passed', 'failed')),
  started_at timestamptz NOT NULL,
  -- `Drill` of the API: who asked, steps, what was measured, objectives, failures.
  drill jsonb NOT NULL,
  -- Its present content is in the archive of the database, too.
  archived boolean NOT NULL DEFAULT false
);
CREATE INDEX drills_by_app ON drills (app, started_at DESC);
CREATE INDEX drills_running ON drills (id) WHERE state = 'running';
