-- Who may see and change things. Passwords are scrypt hashes, sessions are kept by the hash of their token.
CREATE TABLE operators (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL,
  name text NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX operators_email ON operators (lower(email));

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  operator_id uuid NOT NULL REFERENCES operators ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

-- Failed sign-ins, so that guessing is slowed by account and address.
CREATE TABLE sign_in_failures (
  subject text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_failures_recent ON sign_in_failures (subject, failed_at);

-- People who are reminded. `phone` is E.164.
CREATE TABLE contacts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  phone text NOT NULL UNIQUE,
  time_zone text NOT NULL,
  language text NOT NULL DEFAULT 'en',
  quiet_from time,
  quiet_until time,
  consent text NOT NULL DEFAULT 'pending' CHECK (consent IN ('pending', 'given', 'withdrawn')),
  created_at timestamptz NOT NULL DEFAULT now(),
  archived_at timestamptz,
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

-- Consent is never overwritten: what was said, how, and when.
CREATE TABLE consent_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  consent text NOT NULL,
  source text NOT NULL,
  detail text NOT NULL DEFAULT '',
  at timestamptz NOT NULL DEFAULT now()
);

-- Told when a check-in is missed again and again, or an answer is worrying.
CREATE TABLE caregivers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  name text NOT NULL,
  phone text NOT NULL,
  language text NOT NULL DEFAULT 'en',
  after_missed int NOT NULL DEFAULT 2 CHECK (after_missed BETWEEN 1 AND 30),
  UNIQUE (contact_id, phone)
);

CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  operator_id uuid,
  action text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now()
);
