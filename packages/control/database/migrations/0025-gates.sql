-- Commands and tests that have to pass before a deployment is released; one that has passed is not run again after a crash.
CREATE TABLE deployment_gates (
  deployment text NOT NULL REFERENCES deployments ON DELETE CASCADE,
  name text NOT NULL,
  -- When it comes: before the output is stored, or once the deployment answers at its own URL.
  stage text NOT NULL CHECK (stage IN ('build', 'url')),
  position smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'passed', 'failed')),
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  error jsonb,
  PRIMARY KEY (deployment, name)
);
