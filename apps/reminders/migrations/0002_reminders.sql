-- A flow is what a conversation may say and understand. Versions are never changed: a conversation ends on its own.
CREATE TABLE flows (
  id text PRIMARY KEY,
  name text NOT NULL,
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE flow_versions (
  flow_id text NOT NULL REFERENCES flows,
  version int NOT NULL,
  definition jsonb NOT NULL,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (flow_id, version)
);

-- What is asked, on which days (`rrule` of RFC 5545; none: once) and at which local times.
CREATE TABLE reminders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('medication', 'appointment', 'check_in')),
  title text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('sms', 'voice')),
  flow_id text NOT NULL REFERENCES flows,
  starts_on date NOT NULL,
  times time[] NOT NULL CHECK (cardinality(times) BETWEEN 1 AND 24),
  rrule text,
  paused_at timestamptz,
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reminders_contact ON reminders (contact_id);

-- One row for each local day and time at which a reminder is due: the key that keeps it from being sent twice.
CREATE TABLE occurrences (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  reminder_id uuid NOT NULL REFERENCES reminders ON DELETE CASCADE,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  local_day date NOT NULL,
  local_time time NOT NULL,
  due_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'asked', 'answered', 'missed', 'skipped')),
  reason text,
  settled_at timestamptz,
  UNIQUE (reminder_id, local_day, local_time)
);
CREATE INDEX occurrences_due ON occurrences (due_at) WHERE status = 'due';
CREATE INDEX occurrences_contact ON occurrences (contact_id, due_at);

-- A single row: when the frequent tick last ran. Without one, the daily run takes the whole day.
CREATE TABLE clockwork (
  job text PRIMARY KEY,
  last_run_at timestamptz NOT NULL,
  planned_until timestamptz
);
