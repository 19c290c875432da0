import { randomId } from "@evenkeel/model";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import type { Passkey } from "../../api/contract/index.ts";
import type { RequestSide } from "../../api/request-side.ts";
import { record } from "../../audit/audit-log.ts";
import { type Connection, first } from "../../database/connection.ts";
import type { Database } from "../../database/database.ts";
import { PasskeyRefusedError, PasskeyUnknownError } from "../../errors.ts";
import { signInOrigin } from "../sessions/own-origin.ts";

interface PasskeyRow extends Record<string, unknown> {
  id: string;
  person: string;
  name: string;
  public_key: Buffer;
  counter: number;
  transports: string[];
  created_at: Date;
  last_used_at: Date | null;
}

type Purpose = "register" | "sign_in" | "confirm";

const challengeMinutes = 5;
/** One for each browser, telephone and security key that a person has. */
const mostPasskeys = 20;

/**
 * Passkeys by WebAuthn (https://www.w3.org/TR/webauthn-3/). Each stands for two factors: the authenticator, and the finger or PIN that it asks for
 * (`userVerification: required`), so a code is not asked for besides.
 *
 * A challenge is good once, for what it was made for, and only for its person.
 */
export class Passkeys {
  constructor(private readonly database: Database) {}

  async list(person: string): Promise<Passkey[]> {
    const rows = await this.database.query<PasskeyRow>(
      "SELECT * FROM passkeys WHERE person = $1 ORDER BY created_at, id",
      [person],
    );
    return rows.map(({ id, name, created_at, last_used_at }) => ({
      ...{ id, name, createdAtMs: created_at.getTime() },
      ...(last_used_at && { lastUsedAtMs: last_used_at.getTime() }),
    }));
  }

  async registration(
    request: RequestSide,
    person: { id: string; email: string; name: string },
  ): Promise<{ challenge: string; options: PublicKeyCredentialCreationOptionsJSON }> {
    const { hostname } = signInOrigin(request);
    const own = await this.database.query<PasskeyRow>(
      "SELECT id, transports FROM passkeys WHERE person = $1 AND rp_id = $2",
      [person.id, hostname],
    );
    if (own.length >= mostPasskeys) throw new PasskeyRefusedError(`there are ${mostPasskeys} already`);
    const { generateRegistrationOptions } = await import("@simplewebauthn/server");
    const options = await generateRegistrationOptions({
      ...{ rpName: "Evenkeel", rpID: hostname, userName: person.email, userDisplayName: person.name },
      userID: new TextEncoder().encode(person.id),
      attestationType: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: own.map(({ id }) => ({ id })),
    });
    return { challenge: await this.keep(options.challenge, "register", person.id), options };
  }

  /** @throws PasskeyRefusedError */
  async register(
    request: RequestSide,
    person: { id: string; email: string },
    given: { challenge: string; name: string; response: unknown },
  ): Promise<Passkey[]> {
    const { origin, hostname } = signInOrigin(request);
    const expectedChallenge = await this.take(given.challenge, "register", person.id);
    const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
    const verified = await verifyRegistrationResponse({
      response: given.response as RegistrationResponseJSON,
      ...{ expectedChallenge, expectedOrigin: origin, expectedRPID: hostname, requireUserVerification: true },
    }).catch(refused);
    if (!verified.verified) throw new PasskeyRefusedError("it could not be verified");
    const { credential } = verified.registrationInfo;
    await this.database.transaction(async (connection) => {
      const made = await connection.query(
        `INSERT INTO passkeys (id, person, name, public_key, counter, transports, rp_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING RETURNING 1`,
        [
          ...[credential.id, person.id, given.name, Buffer.from(credential.publicKey), credential.counter],
          ...[credential.transports ?? [], hostname],
        ],
      );
      if (made.length === 0) throw new PasskeyRefusedError("it is registered already");
      await record(connection, { who: person.email, action: "passkey.add", object: given.name });
    });
    return this.list(person.id);
  }

  /** @param person absent: whoever the chosen passkey belongs to; so nobody finds out whether an account is there */
  async assertion(
    request: RequestSide,
    person?: string,
  ): Promise<{ challenge: string; options: PublicKeyCredentialRequestOptionsJSON }> {
    const { hostname } = signInOrigin(request);
    const { generateAuthenticationOptions } = await import("@simplewebauthn/server");
    const options = await generateAuthenticationOptions({ rpID: hostname, userVerification: "required" });
    return { challenge: await this.keep(options.challenge, person ? "confirm" : "sign_in", person), options };
  }

  /** @returns whose it is @throws PasskeyRefusedError */
  async verify(
    request: RequestSide,
    given: { challenge: string; response: unknown },
    person?: string,
  ): Promise<{ person: string; email: string }> {
    const { origin, hostname } = signInOrigin(request);
    const expectedChallenge = await this.take(given.challenge, person ? "confirm" : "sign_in", person);
    const response = given.response as AuthenticationResponseJSON;
    const row = await first(
      this.database.query<PasskeyRow & { email: string }>(
        `SELECT passkeys.*, people.email FROM passkeys JOIN people ON people.id = passkeys.person
         WHERE passkeys.id = $1 AND rp_id = $2 AND ($3::text IS NULL OR person = $3)`,
        [String(response.id), hostname, person ?? null],
      ),
    );
    if (!row) throw new PasskeyRefusedError("it is not known here");
    const { verifyAuthenticationResponse } = await import("@simplewebauthn/server");
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      ...{ expectedChallenge, expectedOrigin: origin, expectedRPID: hostname, requireUserVerification: true },
      credential: { id: row.id, publicKey: new Uint8Array(row.public_key), counter: row.counter },
    }).catch(refused);
    if (!verified) throw new PasskeyRefusedError("its signature is not valid");
    await this.database.query("UPDATE passkeys SET counter = $2, last_used_at = now() WHERE id = $1", [
      row.id,
      authenticationInfo.newCounter,
    ]);
    return { person: row.person, email: row.email };
  }

  /** @throws PasskeyUnknownError */
  async remove(person: { id: string; email: string }, id: string): Promise<void> {
    await this.database.transaction(async (connection) => {
      const [removed] = await connection.query<{ name: string }>(
        "DELETE FROM passkeys WHERE id = $1 AND person = $2 RETURNING name",
        [id, person.id],
      );
      if (!removed) throw new PasskeyUnknownError();
      await record(connection, { who: person.email, action: "passkey.remove", object: removed.name });
    });
  }

  private async keep(challenge: string, purpose: Purpose, person?: string): Promise<string> {
    const id = randomId(20);
    await this.database.query("DELETE FROM passkey_challenges WHERE expires_at < now()");
    await this.database.query(
      `INSERT INTO passkey_challenges (id, challenge, purpose, person, expires_at)
       VALUES ($1, $2, $3, $4, now() + interval '${challengeMinutes} minutes')`,
      [id, challenge, purpose, person ?? null],
    );
    return id;
  }

  private async take(id: string, purpose: Purpose, person?: string): Promise<string> {
    const [row] = await takeChallenge(this.database, id, purpose, person);
    if (!row) throw new PasskeyRefusedError("the question was answered already, or too late");
    return row.challenge;
  }
}

const takeChallenge = (connection: Connection, id: string, purpose: Purpose, person?: string) =>
  connection.query<{ challenge: string }>(
    `DELETE FROM passkey_challenges WHERE id = $1 AND purpose = $2 AND person IS NOT DISTINCT FROM $3 AND expires_at > now()
     RETURNING challenge`,
    [id, purpose, person ?? null],
  );

/** The library's messages name what was expected; which is no secret, and not for the person either. */
function refused(cause: unknown): never {
  throw new PasskeyRefusedError("its answer is not valid", { cause });
}
