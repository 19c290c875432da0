-- What the deployment's Procfile names, type → command. Absent: it has none.
ALTER TABLE deployments ADD COLUMN processes jsonb;

-- How many processes of a type an environment has, and how large; kept across deployments. Of a type without a row there is one `web`
-- and no other.
CREATE TABLE formation (
  app text NOT NULL,
  environment text NOT NULL,
  type text NOT NULL,
  count integer NOT NULL CHECK (count >= 0),
  memory_mb integer NOT NULL CHECK (memory_mb > 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (app, environment, type),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Written before it begins and when it has ended, so that it is never run a second time unknowingly.
CREATE TABLE release_phases (
  deployment text PRIMARY KEY REFERENCES deployments ON DELETE CASCADE,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  exit_code integer
);
