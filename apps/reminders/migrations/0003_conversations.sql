-- All that a conversation is. `revision` is the optimistic lock: a step is taken from the revision that was read, or not at all.
CREATE TABLE conversations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  occurrence_id uuid UNIQUE REFERENCES occurrences ON DELETE SET NULL,
  flow_id text NOT NULL,
  flow_version int NOT NULL,
  channel text NOT NULL CHECK (channel IN ('sms', 'voice')),
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'active', 'ended')),
  state text NOT NULL,
  variables jsonb NOT NULL DEFAULT '{}',
  unclear int NOT NULL DEFAULT 0,
  revision int NOT NULL DEFAULT 0,
  outcome text,
  worrying boolean NOT NULL DEFAULT false,
  times_out_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  FOREIGN KEY (flow_id, flow_version) REFERENCES flow_versions
);
-- One number, one question at a time: what comes meanwhile waits, so that an answer is never ambiguous.
CREATE UNIQUE INDEX conversations_one_active ON conversations (contact_id) WHERE status = 'active';
CREATE INDEX conversations_waiting ON conversations (contact_id, created_at) WHERE status = 'waiting';
CREATE INDEX conversations_time_out ON conversations (times_out_at) WHERE status = 'active';

-- What happened to a conversation, in the order in which it took effect. `key` makes each happen once.
CREATE TABLE conversation_events (
  conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
  revision int NOT NULL,
  key text NOT NULL UNIQUE,
  event jsonb NOT NULL,
  said jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (conversation_id, revision)
);

-- Texts and calls, both ways. Outgoing ones are written with the step that causes them and sent afterwards.
CREATE TABLE messages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  key text NOT NULL UNIQUE,
  direction text NOT NULL CHECK (direction IN ('in', 'out')),
  channel text NOT NULL CHECK (channel IN ('sms', 'voice')),
  contact_id uuid REFERENCES contacts ON DELETE CASCADE,
  caregiver_id uuid REFERENCES caregivers ON DELETE SET NULL,
  conversation_id uuid REFERENCES conversations ON DELETE CASCADE,
  phone text NOT NULL,
  body text NOT NULL,
  media int NOT NULL DEFAULT 0,
  segments int NOT NULL DEFAULT 1,
  status text NOT NULL,
  sid text UNIQUE,
  error text,
  attempts int NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL DEFAULT now(),
  sending_since timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_to_send ON messages (not_before) WHERE direction = 'out' AND status IN ('queued', 'sending');
CREATE INDEX messages_contact ON messages (contact_id, created_at);
CREATE INDEX messages_conversation ON messages (conversation_id, created_at);
