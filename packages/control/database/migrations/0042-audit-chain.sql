-- The audit log as a chain: each entry's hash is of its content and of the hash before it, so none can be changed, taken out or put elsewhere unseen.

CREATE TABLE audit_chain (
  -- 1, 2, 3, …: the order in which transactions ended.
  position bigint PRIMARY KEY,
  entry bigint NOT NULL UNIQUE REFERENCES audit_log,
  hash bytea NOT NULL
);

CREATE TABLE audit_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position bigint NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO audit_head (position, hash) VALUES (0, '\x');

-- sha256 of the hash before and of the entry as a JSON array: id, microseconds since 1970, who, action, app, object, detail.
CREATE FUNCTION audit_hash(before bytea, entry audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(before || convert_to(jsonb_build_array(entry.id, (extract(epoch FROM entry.at) * 1000000)::bigint,
    entry.who, entry.action, entry.app, entry.object, entry.detail)::text, 'UTF8'))
$$;

-- At the end of the transaction: the head is then locked for the commit alone, and after all other locks, so nobody waits for each other in a ring.
CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head audit_head;
  next_hash bytea;
BEGIN
  SELECT * INTO head FROM audit_head FOR UPDATE;
  next_hash := audit_hash(head.hash, NEW);
  INSERT INTO audit_chain (position, entry, hash) VALUES (head.position + 1, NEW.id, next_hash);
  UPDATE audit_head SET position = head.position + 1, hash = next_hash;
  RETURN NULL;
END $$;

DO $$
DECLARE
  found audit_log;
  head audit_head;
  next_hash bytea;
BEGIN
  FOR found IN SELECT * FROM audit_log ORDER BY id LOOP
    SELECT * INTO head FROM audit_head;
    next_hash := audit_hash(head.hash, found);
    INSERT INTO audit_chain (position, entry, hash) VALUES (head.position + 1, found.id, next_hash);
    UPDATE audit_head SET position = head.position + 1, hash = next_hash;
  END LOOP;
END $$;

CREATE CONSTRAINT TRIGGER audit_append AFTER INSERT ON audit_log
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_append();

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is only appended to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_chain_grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE INDEX audit_log_by_who ON audit_log (who, id DESC);
CREATE INDEX audit_log_by_action ON audit_log (action text_pattern_ops, id DESC);
