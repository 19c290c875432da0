-- What is synchronised from the provider, and campaigns.

CREATE TABLE assistants (
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id text NOT NULL,
  name text NOT NULL,
  first_message text,
  model text,
  synced_at timestamptz NOT NULL,
  -- Set when the provider no longer lists it.
  gone_at timestamptz,
  PRIMARY KEY (organisation_id, id)
);

CREATE TABLE lines (
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  id text NOT NULL,
  number text,
  name text,
  health text NOT NULL DEFAULT 'unknown' CHECK (health IN ('unknown', 'healthy', 'unhealthy')),
  health_reason text,
  checked_at timestamptz,
  synced_at timestamptz NOT NULL,
  gone_at timestamptz,
  PRIMARY KEY (organisation_id, id)
);

CREATE TABLE campaigns (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- The month it was made in: contacts, calls, events and ledger of a month lie in partitions of their own, which are archived and dropped as a whole.
  cohort date NOT NULL DEFAULT date_trunc('month', now())::date,
  name text NOT NULL CHECK (name <> ''),
  assistant_id text NOT NULL,
  line_id text NOT NULL,
  cap int NOT NULL CHECK (cap BETWEEN 1 AND 1000),
  -- The next calls begin only when all of the last batch have ended.
  strict_batching boolean NOT NULL,
  -- Local time at the contact; from = until means the whole day.
  window_from time NOT NULL,
  window_until time NOT NULL,
  -- 1 Monday to 7 Sunday.
  window_days int[] NOT NULL CHECK (cardinality(window_days) > 0 AND window_days <@ '{1,2,3,4,5,6,7}'),
  default_time_zone text NOT NULL,
  -- For numbers without +: ISO 3166.
  default_country text,
  max_attempts int NOT NULL CHECK (max_attempts BETWEEN 1 AND 10),
  retry_after_minutes int NOT NULL CHECK (retry_after_minutes BETWEEN 0 AND 10080),
  retry_outcomes text[] NOT NULL,
  budget_microdollars bigint CHECK (budget_microdollars > 0),
  spent_microdollars bigint NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'running', 'paused', 'completed', 'canceled')),
  pause_reason text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  ended_at timestamptz,
  archived_at timestamptz,
  -- What it came to, kept when its partitions are dropped.
  final_summary jsonb
);
CREATE INDEX campaigns_running ON campaigns (organisation_id) WHERE status = 'running';
CREATE INDEX campaigns_newest ON campaigns (organisation_id, created_at DESC);

-- The zones that a campaign's contacts live in: whether a call window is open is a question of zones, not of contacts.
CREATE TABLE campaign_zones (
  organisation_id uuid NOT NULL,
  campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
  time_zone text NOT NULL,
  PRIMARY KEY (campaign_id, time_zone)
);

CREATE TABLE do_not_call (
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  phone text NOT NULL,
  reason text NOT NULL,
  added_by text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organisation_id, phone)
);

CREATE TABLE spend_alerts (
  organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
  -- `month 2026-11` or `campaign <id>`.
  scope text NOT NULL,
  threshold_percent int NOT NULL,
  spent_microdollars bigint NOT NULL,
  budget_microdollars bigint NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz,
  PRIMARY KEY (organisation_id, scope, threshold_percent)
);

ALTER TABLE assistants ENABLE ROW LEVEL SECURITY;
ALTER TABLE assistants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON assistants USING (organisation_id = current_organisation());
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON lines USING (organisation_id = current_organisation());
ALTER TABLE campaigns ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaigns FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON campaigns USING (organisation_id = current_organisation());
ALTER TABLE campaign_zones ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_zones FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON campaign_zones USING (organisation_id = current_organisation());
ALTER TABLE do_not_call ENABLE ROW LEVEL SECURITY;
ALTER TABLE do_not_call FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON do_not_call USING (organisation_id = current_organisation());
ALTER TABLE spend_alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE spend_alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON spend_alerts USING (organisation_id = current_organisation());
