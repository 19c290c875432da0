-- Which app environments are to have a bucket. What is in it is the affair of the process that holds buckets.
CREATE TABLE buckets (
  app text NOT NULL,
  environment text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (app, environment),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);

-- Buckets that are to go, written in the transaction that took them from their app; the row goes when the bucket has.
CREATE TABLE bucket_removals (
  app text NOT NULL,
  environment text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, environment)
);
