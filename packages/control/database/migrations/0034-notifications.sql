-- Ways to tell people, with what is needed for it.
CREATE TABLE notification_channels (
  id text PRIMARY KEY,
  -- NULL: for the platform itself, and for all apps.
  app text REFERENCES apps ON DELETE CASCADE,
  -- As runbooks call it: `slack_alert`.
  name text NOT NULL,
  kind text NOT NULL,
  -- Whose it is, as rotations call them.
  person text,
  -- Settings as JSON, for the kind; sealed by the vault.
  sealed bytea NOT NULL,
  -- {"app", "environment"} of the sandbox's account whose twin it leads to.
  sandbox jsonb,
  is_local boolean NOT NULL,
  -- Words in place of the usual ones.
  template text,
  -- Name of the channel that takes over.
  fallback text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  -- {"sinceMs", "attempts", "error"} while it does not take messages.
  failing jsonb
);
CREATE UNIQUE INDEX notification_channels_named ON notification_channels (coalesce(app, ''), lower(name));

-- What is to be told: written in the transaction of what it tells of, and once for each `dedup_key`.
CREATE TABLE notifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dedup_key text NOT NULL UNIQUE,
  channel text NOT NULL REFERENCES notification_channels ON DELETE CASCADE,
  incident bigint REFERENCES incidents ON DELETE CASCADE,
  -- What calls people goes by itself, and never waits for what is told to many.
  lane text NOT NULL CHECK (lane IN ('page', 'team', 'subscribers')),
  message jsonb NOT NULL,
  -- Channels that take over, in their order.
  chain text[] NOT NULL DEFAULT '{}',
  -- - `sending`: begun, and nobody knows yet what came of it.
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  begun_at timestamptz,
  ended_at timestamptz,
  -- The provider's name of it.
  reference text,
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notifications_due ON notifications (lane, next_at, id) WHERE state = 'queued';
CREATE INDEX notifications_begun ON notifications (id) WHERE state = 'sending';
CREATE INDEX notifications_of_incident ON notifications (incident, id);
CREATE INDEX notifications_ended ON notifications (ended_at) WHERE state IN ('sent', 'failed');
