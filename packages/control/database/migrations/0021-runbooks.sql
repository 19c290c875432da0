-- What the source's `runbook.ts` said: its file, its text, and the plain data that it exported. As immutable as the rest of a deployment.
ALTER TABLE deployments ADD COLUMN runbook jsonb;

-- What the engine has to know of the moments before: what is broken, and until when what it did cools down.
CREATE TABLE runbook_states (
  app text NOT NULL,
  environment text NOT NULL,
  state jsonb NOT NULL,
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Each decision with its evidence, written before anything is done; what came of it is added.
CREATE TABLE runbook_decisions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  -- What answered when it was decided, by which release.
  deployment text,
  release integer,
  clause text NOT NULL,
  also_broken text[] NOT NULL DEFAULT '{}',
  action text NOT NULL,
  severity text NOT NULL,
  -- The finding, and the signals that it rests on.
  evidence jsonb NOT NULL,
  -- The second of the signals that completed the breach.
  signals_at timestamptz NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL DEFAULT 'decided' CHECK (state IN ('decided', 'done', 'failed', 'overtaken')),
  acted_at timestamptz,
  ended_at timestamptz,
  outcome jsonb,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX runbook_decisions_by_environment ON runbook_decisions (app, environment, id DESC);
CREATE INDEX runbook_decisions_open ON runbook_decisions (id) WHERE state = 'decided';
-- A release is rolled back once in either way, whoever decides twice; at once also while it goes back in stages.
CREATE UNIQUE INDEX runbook_decisions_once ON runbook_decisions (app, environment, release, action)
  WHERE action IN ('immediate_rollback', 'staged_rollback');
