-- What an app's status page says beyond its incidents.
CREATE TABLE status_pages (
  app text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
  -- NULL: as the runbook has it.
  is_public boolean,
  title text
);

CREATE TABLE maintenances (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  title text NOT NULL,
  description text NOT NULL,
  components text[] NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  cancelled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  CHECK (starts_at < ends_at)
);
CREATE INDEX maintenances_of ON maintenances (app, ends_at);

-- Channel of one who follows a status page by a webhook; of no use for anything else.
ALTER TABLE notification_channels ADD COLUMN is_subscriber boolean NOT NULL DEFAULT false;

CREATE TABLE status_subscribers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of one app's page; NULL: of the joint one.
  app text REFERENCES apps ON DELETE CASCADE,
  -- A mail address, or NULL of a webhook.
  email text,
  channel text REFERENCES notification_channels ON DELETE CASCADE,
  -- In links that confirm and end it.
  token text NOT NULL UNIQUE,
  asked_at timestamptz NOT NULL DEFAULT now(),
  confirmed_at timestamptz,
  CHECK ((email IS NULL) <> (channel IS NULL))
);
CREATE UNIQUE INDEX status_subscribers_once ON status_subscribers (coalesce(app, ''), lower(email)) WHERE email IS NOT NULL;

-- What is to be told to all who follow a page: written with what it tells of, told to each afterwards.
CREATE TABLE status_announcements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app text NOT NULL REFERENCES apps ON DELETE CASCADE,
  incident bigint REFERENCES incidents ON DELETE CASCADE,
  message jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  spread_at timestamptz
);
CREATE INDEX status_announcements_waiting ON status_announcements (id) WHERE spread_at IS NULL;
