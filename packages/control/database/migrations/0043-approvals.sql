-- What waits for the word of several people.
CREATE TABLE approvals (
  id text PRIMARY KEY,
  app text NOT NULL,
  environment text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('deploy', 'rollback', 'migration')),
  -- sha256 of all that is agreed to; what differs in anything needs an approval of its own.
  content_hash text NOT NULL,
  -- What people are shown.
  content jsonb NOT NULL,
  -- Different people, whoever asked among them.
  needed smallint NOT NULL CHECK (needed >= 1),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'refused', 'used')),
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_at timestamptz,
  used_at timestamptz,
  used_by text,
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
CREATE INDEX approvals_by_content ON approvals (app, environment, content_hash);
CREATE INDEX approvals_by_time ON approvals (created_at DESC);

CREATE TABLE approval_words (
  approval text NOT NULL REFERENCES approvals ON DELETE CASCADE,
  -- Whose word it is: all sessions and tokens of a person are one.
  voice text NOT NULL,
  name text NOT NULL,
  agrees boolean NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (approval, voice)
);

-- Who asked for a deployment, as a voice; absent of those from before.
ALTER TABLE deployments ADD COLUMN voice text;

-- What was asked here was good for an hour.
DROP TABLE rollback_approvals;
