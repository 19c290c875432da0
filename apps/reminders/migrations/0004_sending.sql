-- When the number may send again: one for all instances, however many of them have something to send.
CREATE TABLE sending (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  free_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO sending DEFAULT VALUES;

CREATE INDEX messages_queued ON messages (not_before, created_at) WHERE direction = 'out' AND status = 'queued';
