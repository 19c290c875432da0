-- Contacts, calls, what the provider said of them, and what they cost: by month (cohort), see `campaigns.cohort`.
--
-- A call: INTENDED (written before the provider is asked) -> QUEUED -> RINGING -> IN_PROGRESS -> one of the ends. UNCERTAIN is an intent whose answer was
-- lost: it holds its place within the cap until the provider's own list says whether there is a call. NOT_PLACED: the provider certainly has none.

CREATE TYPE call_status AS ENUM (
  'INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS',
  'COMPLETED', 'NO_ANSWER', 'BUSY', 'VOICEMAIL', 'FAILED', 'CANCELED', 'NOT_PLACED'
);

CREATE TABLE contacts (
  cohort date NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  -- Of the file it came from.
  line int NOT NULL,
  phone text NOT NULL,
  name text NOT NULL DEFAULT '',
  time_zone text NOT NULL,
  -- The file's other columns, which the assistant's texts may name.
  fields jsonb NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'calling', 'done', 'skipped')),
  outcome text,
  attempts int NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (cohort, id),
  UNIQUE (cohort, campaign_id, phone)
) PARTITION BY RANGE (cohort);
CREATE INDEX contacts_due ON contacts (campaign_id, time_zone, next_attempt_at, line) WHERE state = 'pending';
CREATE INDEX contacts_open ON contacts (campaign_id) WHERE state IN ('pending', 'calling');
CREATE INDEX contacts_phone ON contacts (organisation_id, phone) WHERE state = 'pending';

CREATE TABLE calls (
  cohort date NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  organisation_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  attempt int NOT NULL,
  phone text NOT NULL,
  status call_status NOT NULL DEFAULT 'INTENDED',
  provider_call_id text,
  intended_at timestamptz NOT NULL DEFAULT now(),
  -- The provider's time before which it cannot have begun; null where nothing was known of it.
  search_from timestamptz,
  -- When the provider is asked how it stands; moved on by each event. Nothing to ask once its end is reported.
  check_at timestamptz NOT NULL,
  checks int NOT NULL DEFAULT 0,
  settled boolean NOT NULL DEFAULT false,
  started_at timestamptz,
  ended_at timestamptz,
  ended_reason text,
  duration_ms int,
  cost_microdollars bigint,
  success boolean,
  outcome text,
  sentiment text,
  summary text,
  structured jsonb,
  transcript text,
  recording_url text,
  -- What was odd about what the provider said: a negative cost, an end without a start.
  oddities text[] NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  search tsvector GENERATED ALWAYS AS
    (to_tsvector('simple', coalesce(summary, '') || ' ' || coalesce(transcript, ''))) STORED,
  PRIMARY KEY (cohort, id)
) PARTITION BY RANGE (cohort);
CREATE INDEX idx_calls_active ON calls (campaign_id)
  WHERE status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS');
-- Nobody has two calls at once, and no attempt is made twice.
CREATE UNIQUE INDEX calls_one_at_a_time ON calls (cohort, contact_id)
  WHERE status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS');
CREATE UNIQUE INDEX calls_attempt ON calls (cohort, contact_id, attempt) WHERE status <> 'NOT_PLACED';
CREATE INDEX calls_active_phone ON calls (organisation_id, phone)
  WHERE status IN ('INTENDED', 'UNCERTAIN', 'QUEUED', 'RINGING', 'IN_PROGRESS');
CREATE UNIQUE INDEX calls_provider ON calls (cohort, provider_call_id);
CREATE INDEX calls_to_check ON calls (organisation_id, check_at) WHERE NOT settled;
CREATE INDEX calls_campaign ON calls (campaign_id, intended_at DESC);
CREATE INDEX calls_search ON calls USING gin (search);

-- Every fact about a call, once: its state is a fold over them, whatever their order.
CREATE TABLE call_events (
  cohort date NOT NULL,
  organisation_id uuid NOT NULL,
  call_id uuid NOT NULL,
  -- SHA-256 of what was received: the same message twice is one event.
  key bytea NOT NULL,
  fact jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (cohort, call_id, key)
) PARTITION BY RANGE (cohort);

-- Messages about calls that nobody here knows: kept until reconciliation finds out whose they are. They belong to no organisation, and no page shows them.
CREATE TABLE unknown_events (
  key bytea PRIMARY KEY,
  provider_call_id text,
  body jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);

-- What was spent, only ever added to: a correction is a row of its own.
CREATE TABLE ledger (
  cohort date NOT NULL,
  id bigint NOT NULL DEFAULT 0,
  organisation_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  call_id uuid NOT NULL,
  amount_microdollars bigint NOT NULL,
  reason text NOT NULL,
  day date NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (cohort);
CREATE SEQUENCE ledger_ids OWNED BY ledger.id;
ALTER TABLE ledger ALTER COLUMN id SET DEFAULT nextval('ledger_ids');
CREATE INDEX ledger_day ON ledger (organisation_id, day);
CREATE INDEX ledger_call ON ledger (call_id);

ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON contacts USING (organisation_id = current_organisation());
ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON calls USING (organisation_id = current_organisation());
ALTER TABLE call_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_events FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON call_events USING (organisation_id = current_organisation());
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON ledger USING (organisation_id = current_organisation());
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE ON ledger
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A month's partition of one table, closed like its parent: a partition that is named directly has no policy but its own. To be called for one table in a
-- transaction: it waits for everybody who works with that table, and must hold no other meanwhile.
CREATE FUNCTION open_partition(parent text, month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  part text := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
BEGIN
  IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(74627002);
  IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent, month, month + interval '1 month');
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('CREATE POLICY own ON %I USING (organisation_id = current_organisation())', part);
END $$;

-- Whoever watches hears which campaign changed; statements with many rows say each campaign once.
CREATE FUNCTION tell_of_calls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('autolynx', c.organisation_id || ' ' || c.campaign_id)
    FROM (SELECT DISTINCT organisation_id, campaign_id FROM changed) c;
  RETURN NULL;
END $$;
CREATE TRIGGER calls_made AFTER INSERT ON calls REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_calls();
CREATE TRIGGER calls_changed AFTER UPDATE ON calls REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_calls();

CREATE FUNCTION tell_of_campaigns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('autolynx', c.organisation_id || ' ' || c.id) FROM changed c;
  RETURN NULL;
END $$;
CREATE TRIGGER campaigns_made AFTER INSERT ON campaigns REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_campaigns();
CREATE TRIGGER campaigns_changed AFTER UPDATE ON campaigns REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_campaigns();

SELECT open_partition(parent, date_trunc('month', now())::date) FROM unnest(ARRAY['contacts', 'calls', 'call_events', 'ledger']) AS parent;
