-- Which app environments are to have a database. What it is made of is the keeper's.
CREATE TABLE databases (
  app text NOT NULL,
  environment text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Databases that are to go, written in the transaction that took them from their app; the row goes when the keeper has removed it.
CREATE TABLE database_removals (
  app text NOT NULL,
  environment text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, environment)
);

-- Of the environment's database, not of a person.
ALTER TABLE deployment_variables ADD COLUMN attached boolean NOT NULL DEFAULT false;
