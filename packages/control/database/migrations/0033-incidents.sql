-- What is wrong, or was: one row for one outage, however many causes and breaches it has.
CREATE TABLE incidents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- NULL: the platform's own.
  app text,
  environment text,
  -- What joins it while it is open: `shop/production`; NULL of one that a person opened beside another.
  grouping text,
  -- A class of the runbook in force when it was opened.
  severity text NOT NULL,
  -- 0 is the gravest.
  rank smallint NOT NULL,
  title text NOT NULL,
  is_drill boolean NOT NULL DEFAULT false,
  is_public boolean NOT NULL DEFAULT true,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
  -- As people outside are told it.
  phase text NOT NULL DEFAULT 'investigating' CHECK (phase IN ('investigating', 'identified', 'monitoring', 'resolved')),
  -- Grows with each change; who changes it says which one was seen.
  revision integer NOT NULL DEFAULT 1,
  -- When the trouble began, and when that was noticed.
  began_at timestamptz NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  acknowledged_at timestamptz,
  acknowledged_by jsonb,
  -- Since when none of its causes holds.
  recovered_at timestamptz,
  resolved_at timestamptz,
  resolved_by jsonb,
  -- How often it came back after it had recovered.
  flaps integer NOT NULL DEFAULT 0,
  -- {"deployment", "release", "releasedAtMs"}
  suspect jsonb,
  -- Of `EscalationState`; NULL: nobody is called.
  escalation jsonb,
  follow_ups jsonb NOT NULL DEFAULT '[]',
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE UNIQUE INDEX incidents_one_outage ON incidents (grouping) WHERE state <> 'resolved';
CREATE INDEX incidents_unresolved ON incidents (id) WHERE state <> 'resolved';
CREATE INDEX incidents_by_environment ON incidents (app, environment, id DESC);
CREATE INDEX incidents_by_grouping ON incidents (grouping, resolved_at DESC);

-- What holds it open: a clause, a health check, an outage that was seen.
CREATE TABLE incident_causes (
  incident bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
  key text NOT NULL,
  source text NOT NULL,
  component text NOT NULL,
  rank smallint NOT NULL,
  title text NOT NULL,
  evidence jsonb NOT NULL DEFAULT '{}',
  -- Reports of it.
  reports integer NOT NULL DEFAULT 1,
  began_at timestamptz NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now(),
  recovered_at timestamptz,
  PRIMARY KEY (incident, key)
);
CREATE INDEX incident_causes_open ON incident_causes (key) WHERE recovered_at IS NULL;

-- What happened, in its order; only grows.
CREATE TABLE incident_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  -- {"kind": "person" | "token" | "platform", "id", "name"}
  actor jsonb NOT NULL,
  message text NOT NULL,
  -- Shown on the status page.
  is_public boolean NOT NULL DEFAULT false,
  detail jsonb,
  -- What it tells of, which is told once: `release/7`.
  ref text
);
CREATE INDEX incident_events_of ON incident_events (incident, id);
CREATE UNIQUE INDEX incident_events_once ON incident_events (incident, ref) WHERE ref IS NOT NULL;
