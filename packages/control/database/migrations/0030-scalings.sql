-- What a runbook has made larger in an environment, on top of what people have said; gone when it is back at that.
CREATE TABLE scalings (
  app text NOT NULL,
  environment text NOT NULL,
  -- The clause of the runbook in force that asked for it.
  clause text NOT NULL,
  resource text NOT NULL CHECK (resource IN ('instances', 'memory')),
  -- Doublings.
  steps integer NOT NULL CHECK (steps > 0),
  -- Instances, or MB.
  most integer,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, environment, clause),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
