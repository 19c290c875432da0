import { loadOrCreateKey } from "@evenkeel/disk";
import { randomId } from "@evenkeel/model";
import type { Me, Session, SignedIn } from "../api/contract/index.ts";
import type { RequestSide } from "../api/request-side.ts";
import { hostUrl, type Place } from "../apps/hosts.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { isDuplicate } from "../database/database-faults.ts";
import { LinkInvalidError, OwnerExistsError, PersonExistsError, SessionUnknownError } from "../errors.ts";
import type { Caller, CallerSession } from "../tokens/caller.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { DeviceLogins } from "./device-logins/device-logins.ts";
import { findInvitation, type InvitationRow, useUp } from "./invitations/invitation-store.ts";
import { endSessionsOf, getPerson } from "./person-store.ts";
import { countOwners, setRoles } from "./role-store.ts";
import { signInOrigin } from "./sessions/own-origin.ts";
import { expiredCookie, sessionCookieName } from "./sessions/session-cookie.ts";
import { freshMinutes, Sessions } from "./sessions/sessions.ts";
import type { Auth } from "./sign-in/auth.ts";
import { AuthenticatorCodes } from "./sign-in/authenticator-codes.ts";
import { Passkeys } from "./sign-in/passkeys.ts";
import { SignIn } from "./sign-in/sign-in.ts";

interface Joining {
  secret: string;
  name: string;
  email: string;
  password: string;
}

/** Accounts of people. What signing in needs is loaded when somebody first does: an idle platform does without. */
export class People {
  readonly sessions: Sessions;
  readonly passkeys: Passkeys;
  readonly signIn: SignIn;
  readonly codes: AuthenticatorCodes;
  readonly deviceLogins: DeviceLogins;
  private auth: Promise<Auth> | undefined;

  constructor(
    private readonly database: Database,
    place: Place,
    /** `keys/people.key`, made with the first cookie. */
    keyPath: string,
  ) {
    let key: string | undefined;
    const secret = () => {
      key ??= Buffer.from(loadOrCreateKey(keyPath)).toString("base64url");
      return key;
    };
    const auth = () => {
      this.auth ??= import("./sign-in/auth.ts").then(({ makeAuth }) =>
        makeAuth(database.pool, secret(), hostUrl(place.domain, place)),
      );
      return this.auth;
    };
    this.sessions = new Sessions(database, secret);
    this.passkeys = new Passkeys(database);
    const parts = { database, sessions: this.sessions, passkeys: this.passkeys, auth, secret };
    this.signIn = new SignIn(parts);
    this.deviceLogins = new DeviceLogins(database, place);
    this.codes = new AuthenticatorCodes(parts, this.signIn);
  }

  async hasOwner(): Promise<boolean> {
    const found = await this.database.query(
      "SELECT FROM person_roles WHERE app IS NULL AND role = 'owner' LIMIT 1",
    );
    return found.length > 0;
  }

  async me({ session }: Caller): Promise<Me> {
    const person = await getPerson(this.database, session!.person);
    return { person, permissions: [...capabilitiesOf(person.roles).permissions], isFresh: session!.isFresh };
  }

  /** @throws LinkInvalidError, PasswordRefusedError, PersonExistsError, OwnerExistsError */
  async join(request: RequestSide, wish: Joining): Promise<SignedIn> {
    signInOrigin(request);
    const seen = await this.signIn.guarded(request, () => findInvitation(this.database, wish.secret));
    // As if there were none: whoever has the link need not learn whom else it was for.
    if (seen.email !== null && seen.email !== wish.email) throw new LinkInvalidError();
    const { requireStrongPassword } = await import("./sign-in/password-policy.ts");
    await requireStrongPassword(wish.password, [wish.name, wish.email]);
    const hash = await this.signIn.hash(wish.password);
    const person = await this.accept(wish, hash).catch((error) => {
      throw isDuplicate(error, "people_email_key") ? new PersonExistsError(wish.email) : error;
    });
    return this.signIn.afterJoining(request, person, wish.email);
  }

  private accept(wish: Joining, hash: string): Promise<string> {
    return this.database.transaction(async (connection) => {
      const invitation = await findInvitation(connection, wish.secret, { lock: true });
      await useUp(connection, invitation, wish.email);
      if (invitation.person !== null) return this.resetPassword(connection, invitation, wish, hash);
      if (invitation.is_owner_link && (await countOwners(connection)) > 0) throw new OwnerExistsError();
      const id = randomId(20);
      await connection.query("INSERT INTO people (id, name, email) VALUES ($1, $2, $3)", [
        id,
        wish.name,
        wish.email,
      ]);
      await connection.query(
        `INSERT INTO credentials (id, person, account_id, provider_id, password) VALUES ($1, $2, $2, 'credential', $3)`,
        [randomId(20), id, hash],
      );
      await setRoles(connection, { id, email: wish.email }, invitation.roles, invitation.created_by);
      await record(connection, { who: wish.email, action: "person.join", object: id });
      return id;
    });
  }

  private async resetPassword(
    connection: Parameters<Parameters<Database["transaction"]>[0]>[0],
    { person }: InvitationRow,
    { email, name }: Joining,
    hash: string,
  ): Promise<string> {
    const id = person!;
    await connection.query("UPDATE people SET name = $2, two_factor_enabled = false WHERE id = $1", [
      id,
      name,
    ]);
    await connection.query("DELETE FROM second_factors WHERE person = $1", [id]);
    await connection.query(
      "UPDATE credentials SET password = $2, updated_at = now() WHERE person = $1 AND provider_id = 'credential'",
      [id, hash],
    );
    await endSessionsOf(connection, { id, email }, email);
    await record(connection, { who: email, action: "person.reset-password", object: id });
    return id;
  }

  async signOut(request: RequestSide, { id, person }: CallerSession): Promise<void> {
    await this.sessions.end(id, person);
    request.setCookies([expiredCookie(sessionCookieName)]);
  }

  /** Ends all other sessions. @throws SignInRefusedError, PasswordRefusedError */
  async changePassword(request: RequestSide, caller: Caller, current: string, next: string): Promise<void> {
    const { id: session, person } = caller.session!;
    await this.signIn.requirePassword(person, current);
    const { name, email } = await getPerson(this.database, person);
    const { requireStrongPassword } = await import("./sign-in/password-policy.ts");
    await requireStrongPassword(next, [name, email]);
    const hash = await this.signIn.hash(next);
    await this.database.transaction(async (connection) => {
      await connection.query(
        "UPDATE credentials SET password = $2, updated_at = now() WHERE person = $1 AND provider_id = 'credential'",
        [person, hash],
      );
      await endSessionsOf(connection, { id: person, email }, email, session);
      await record(connection, { who: email, action: "person.change-password", object: person });
    });
    await this.sessions.refresh(request, session);
  }

  /** Proves again who it is. */
  async confirm(
    request: RequestSide,
    caller: Caller,
    answer: { password: string } | { challenge: string; response: unknown },
  ): Promise<void> {
    const { id, person } = caller.session!;
    if ("password" in answer) await this.signIn.requirePassword(person, answer.password);
    else await this.passkeys.verify(request, answer, person);
    await this.sessions.refresh(request, id);
    const detail = { by: "password" in answer ? "password" : "passkey", minutes: freshMinutes };
    await record(this.database, { who: caller.name, action: "person.confirm", detail });
  }

  async listSessions({ session }: Caller): Promise<Session[]> {
    const rows = await this.database.query<{
      id: string;
      user_agent: string | null;
      ip_address: string | null;
      method: string | null;
      created_at: Date;
      last_seen_at: Date;
      expires_at: Date;
    }>(
      "SELECT * FROM sessions WHERE person = $1 AND expires_at > now() ORDER BY last_seen_at DESC, id LIMIT 100",
      [session!.person],
    );
    return rows.map((row) => ({
      ...{ id: row.id, isThis: row.id === session!.id, userAgent: row.user_agent ?? "" },
      ...{ address: row.ip_address ?? "", method: row.method ?? "" },
      ...{ createdAtMs: row.created_at.getTime(), lastSeenAtMs: row.last_seen_at.getTime() },
      expiresAtMs: row.expires_at.getTime(),
    }));
  }

  /** @throws SessionUnknownError */
  async endSession(caller: Caller, id: string): Promise<void> {
    if (!(await this.sessions.end(id, caller.session!.person))) throw new SessionUnknownError();
    await record(this.database, { who: caller.name, action: "session.end", object: id });
  }
}
