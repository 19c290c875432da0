-- Accounts of people. The first five tables are read and written by better-auth, too; `people/sign-in/auth.ts` names their columns to it.
CREATE TABLE people (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- In lower case.
  email text NOT NULL UNIQUE,
  email_verified boolean NOT NULL DEFAULT false,
  image text,
  two_factor_enabled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  id text PRIMARY KEY,
  person text NOT NULL REFERENCES people ON DELETE CASCADE,
  -- Worth nothing without its signature by `keys/people.key`.
  token text NOT NULL UNIQUE,
  -- What it was before the last rotation; accepted until the new one has been used, and a moment longer.
  previous_token text UNIQUE,
  previous_until timestamptz,
  rotated_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  ip_address text,
  user_agent text,
  -- Hash of the browser without its version numbers: elsewhere the session is not accepted.
  client text,
  -- By which sign-in was proven: password, password and code, passkey.
  method text,
  -- Until then secrets are shown, and things restored and removed.
  fresh_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE credentials (
  id text PRIMARY KEY,
  person text NOT NULL REFERENCES people ON DELETE CASCADE,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  -- scrypt
  password text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider_id, account_id)
);
CREATE INDEX credentials_by_person ON credentials (person);

CREATE TABLE sign_in_challenges (
  id text PRIMARY KEY,
  identifier text NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_challenges_by_identifier ON sign_in_challenges (identifier);

CREATE TABLE second_factors (
  id text PRIMARY KEY,
  person text NOT NULL UNIQUE REFERENCES people ON DELETE CASCADE,
  -- Both encrypted with `keys/people.key`.
  secret text NOT NULL,
  backup_codes text NOT NULL,
  verified boolean NOT NULL DEFAULT true,
  failed_verification_count integer NOT NULL DEFAULT 0,
  locked_until timestamptz
);

-- A code is good once (RFC 6238, 5.2), though it is valid for a minute and a half.
CREATE TABLE used_codes (
  person text NOT NULL REFERENCES people ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person, code_hash)
);

CREATE TABLE passkeys (
  -- As the authenticator made it, base64url.
  id text PRIMARY KEY,
  person text NOT NULL REFERENCES people ON DELETE CASCADE,
  name text NOT NULL,
  public_key bytea NOT NULL,
  counter bigint NOT NULL,
  transports text[] NOT NULL DEFAULT '{}',
  -- The host name that it is for.
  rp_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
CREATE INDEX passkeys_by_person ON passkeys (person);

CREATE TABLE passkey_challenges (
  id text PRIMARY KEY,
  challenge text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('register', 'sign_in', 'confirm')),
  -- Absent: whoever signs in.
  person text REFERENCES people ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);

CREATE TABLE person_roles (
  person text NOT NULL REFERENCES people ON DELETE CASCADE,
  -- Absent: all apps, and the platform itself.
  app text REFERENCES apps ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('owner', 'operator', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  UNIQUE NULLS NOT DISTINCT (person, app)
);

CREATE TABLE invitations (
  id text PRIMARY KEY,
  -- Of the secret in the link, which nobody else has.
  hash bytea NOT NULL UNIQUE,
  -- Absent in the owner link.
  email text,
  roles jsonb NOT NULL,
  -- Of a link for somebody who has an account and cannot sign in.
  person text REFERENCES people ON DELETE CASCADE,
  is_owner_link boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by text,
  withdrawn_at timestamptz
);

-- A command line that asks to act for a person (RFC 8628).
CREATE TABLE device_logins (
  id text PRIMARY KEY,
  device_hash bytea NOT NULL UNIQUE,
  user_hash bytea NOT NULL UNIQUE,
  -- What asks, as it calls itself, and from where.
  client text NOT NULL,
  address text NOT NULL,
  permissions text[] NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'allowed', 'denied', 'used')),
  person text REFERENCES people ON DELETE CASCADE,
  last_asked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

-- Whose it is: it can do what that person can, at most.
ALTER TABLE tokens ADD COLUMN person text REFERENCES people ON DELETE CASCADE;
