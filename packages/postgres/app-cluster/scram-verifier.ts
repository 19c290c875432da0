import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * What PostgreSQL stores of a password. Sent instead of the password, it keeps that out of the server's log and of
 * `pg_stat_statements`. https://www.postgresql.org/docs/18/catalog-pg-authid.html, RFC 5802.
 *
 * @param password ASCII: what we generate. PostgreSQL would normalise other characters first (SASLprep).
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4_096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  const keys = `${storedKey.toString("base64")}:${hmac(salted, "Server Key").toString("base64")}`;
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${keys}`;
}

/** Whether `verifier` is of `password`. */
export function verifiesPassword(verifier: string | null, password: string): boolean {
  const match = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier ?? "");
  if (!match) return false;
  const expected = scramVerifier(password, Buffer.from(match[2]!, "base64"), Number(match[1]));
  return (
    expected.length === verifier!.length && timingSafeEqual(Buffer.from(expected), Buffer.from(verifier!))
  );
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
