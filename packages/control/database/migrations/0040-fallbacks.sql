-- Outside services that apps have an alternative to, and whether they use it now. A flag that was set is known here before it is set.
CREATE TABLE fallbacks (
  app text NOT NULL,
  environment text NOT NULL,
  name text NOT NULL,
  -- `FallbackState`
  state jsonb NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (app, environment, name),
  FOREIGN KEY (app, environment) REFERENCES environments ON DELETE CASCADE
);
