import { createHash, randomBytes } from "node:crypto";
import type { SignedIn } from "../../api/contract/index.ts";
import type { RequestSide } from "../../api/request-side.ts";
import { record } from "../../audit/audit-log.ts";
import type { Database } from "../../database/database.ts";
import { SignInRefusedError } from "../../errors.ts";
import { Turns } from "../../pipeline/turns.ts";
import { signInOrigin } from "../sessions/own-origin.ts";
import {
  deviceCookieName,
  readSignedCookie,
  sessionCookieName,
  signedCookie,
} from "../sessions/session-cookie.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { type AttemptLimit, AttemptLimits, addressKey } from "./attempt-limits.ts";
import type { Auth } from "./auth.ts";
import type { Passkeys } from "./passkeys.ts";

const minuteMs = 60_000;
const perAccount: AttemptLimit = { failures: 10, windowMs: 15 * minuteMs };
const perAddress: AttemptLimit = { failures: 30, windowMs: 10 * minuteMs };
const deviceMaxAgeS = 180 * 86_400;

export interface SignInParts {
  database: Database;
  sessions: Sessions;
  passkeys: Passkeys;
  auth(): Promise<Auth>;
  secret(): string;
}

/**
 * Who somebody is, proven. Failures are counted by address, and by account: for browsers that have signed in to it before each by itself, for all
 * others together. So strangers who guess lock out strangers, and not the person (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
 * A passkey cannot be guessed, so it always works.
 */
export class SignIn {
  private readonly limits = new AttemptLimits();
  /** scrypt takes 16 MB and a tenth of a second of a core. */
  private readonly turns = new Turns(2);

  constructor(private readonly parts: SignInParts) {}

  /** @throws SignInRefusedError, TooManyAttemptsError, CrossOriginError, PlainHttpError */
  async byPassword(request: RequestSide, email: string, password: string): Promise<SignedIn> {
    signInOrigin(request);
    const keys = this.keysFor(request, email);
    this.limits.admit(keys);
    // Counted before it is known: many at once must not be more than one after the other.
    this.limits.fail(keys);
    const auth = await this.parts.auth();
    const response = await this.hashing(() =>
      auth.api.signInEmail({ body: { email, password }, headers: bareHeaders(), asResponse: true }),
    );
    if (!response.ok) {
      await this.refuse(request, email, "password");
      throw new SignInRefusedError();
    }
    this.limits.forgive(keys);
    const cookies = response.headers.getSetCookie();
    request.setCookies(cookies.filter((cookie) => !/;\s*max-age=0/i.test(cookie)));
    const said = (await response.json()) as { twoFactorRedirect?: boolean };
    if (said.twoFactorRedirect) return { outcome: "code_needed" };
    return this.begun(request, cookies, "password");
  }

  /** @param answer of the authenticator app, or a recovery code @throws SignInRefusedError */
  async byCode(request: RequestSide, answer: { code: string } | { recoveryCode: string }): Promise<SignedIn> {
    signInOrigin(request);
    const keys = { [addressKey(request.address)]: perAddress };
    this.limits.admit(keys);
    const auth = await this.parts.auth();
    const headers = bareHeaders(request.header("cookie"), "two_factor");
    const response =
      "code" in answer
        ? await auth.api.verifyTOTP({ body: { code: answer.code }, headers, asResponse: true })
        : await auth.api.verifyBackupCode({ body: { code: answer.recoveryCode }, headers, asResponse: true });
    if (!response.ok) {
      this.limits.fail(keys);
      throw new SignInRefusedError("The code");
    }
    const { user } = (await response.json()) as { user: { id: string } };
    const cookies = response.headers.getSetCookie();
    if ("code" in answer && !(await this.useCode(user.id, answer.code))) {
      const token = sessionTokenIn(cookies, this.parts.secret());
      await this.parts.database.query("DELETE FROM sessions WHERE token = $1", [token]);
      throw new SignInRefusedError("The code was used already: it");
    }
    request.setCookies(cookies);
    return this.begun(
      request,
      cookies,
      "code" in answer ? "password and code" : "password and recovery code",
    );
  }

  async byPasskey(request: RequestSide, answer: { challenge: string; response: unknown }): Promise<SignedIn> {
    const keys = { [addressKey(request.address)]: perAddress };
    this.limits.admit(keys);
    const { person, email } = await this.parts.passkeys.verify(request, answer).catch((error) => {
      this.limits.fail(keys);
      throw error;
    });
    await this.parts.sessions.begin(request, person, "passkey");
    await this.welcome(request, person, email, "passkey");
    return { outcome: "signed_in" };
  }

  /** Of somebody who is signed in. @throws SignInRefusedError, TooManyAttemptsError */
  async requirePassword(person: string, password: string): Promise<void> {
    const keys = { [`person ${person}`]: perAccount };
    this.limits.admit(keys);
    this.limits.fail(keys);
    const { password: hasher } = await (await this.parts.auth()).$context;
    const [row] = await this.parts.database.query<{ password: string }>(
      "SELECT password FROM credentials WHERE person = $1 AND provider_id = 'credential'",
      [person],
    );
    const isRight =
      row !== undefined && (await this.hashing(() => hasher.verify({ hash: row.password, password })));
    if (!isRight) throw new SignInRefusedError("The password");
    this.limits.forgive(keys);
  }

  async hash(password: string): Promise<string> {
    const { password: hasher } = await (await this.parts.auth()).$context;
    return this.hashing(() => hasher.hash(password));
  }

  private hashing<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.turns.take(work, new AbortController().signal);
  }

  /** Of something that is asked without an account, such as a link. @throws TooManyAttemptsError */
  async guarded<Result>(request: RequestSide, work: () => Promise<Result>): Promise<Result> {
    const keys = { [addressKey(request.address)]: perAddress };
    this.limits.admit(keys);
    return work().catch((error) => {
      this.limits.fail(keys);
      throw error;
    });
  }

  /** Of something that anybody may begin, and that leaves a row. @throws TooManyAttemptsError */
  async rationed<Result>(request: RequestSide, work: () => Promise<Result>): Promise<Result> {
    const keys = { [`begun ${addressKey(request.address)}`]: perAddress };
    this.limits.admit(keys);
    this.limits.fail(keys);
    return work();
  }

  /** A session that begins without being asked for a password just now, by a link. */
  async afterJoining(request: RequestSide, person: string, email: string): Promise<SignedIn> {
    await this.parts.sessions.begin(request, person, "link");
    await this.welcome(request, person, email, "link");
    return { outcome: "signed_in" };
  }

  /** A code is good once. */
  async useCode(person: string, code: string): Promise<boolean> {
    const { database } = this.parts;
    const hash = createHash("sha256").update(`${person} ${code}`).digest();
    await database.query("DELETE FROM used_codes WHERE used_at < now() - interval '5 minutes'");
    const used = await database.query(
      "INSERT INTO used_codes (person, code_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1",
      [person, hash],
    );
    return used.length > 0;
  }

  private async begun(request: RequestSide, cookies: string[], method: string): Promise<SignedIn> {
    const token = sessionTokenIn(cookies, this.parts.secret());
    await this.parts.sessions.bind(request, token, method);
    const [row] = await this.parts.database.query<{ id: string; email: string }>(
      "SELECT people.id, people.email FROM sessions JOIN people ON people.id = sessions.person WHERE token = $1",
      [token],
    );
    await this.welcome(request, row!.id, row!.email, method);
    return { outcome: "signed_in" };
  }

  private async welcome(request: RequestSide, person: string, email: string, method: string): Promise<void> {
    const device = `${randomBytes(12).toString("base64url")}:${accountMark(email)}`;
    request.setCookies([signedCookie(deviceCookieName, device, this.parts.secret(), deviceMaxAgeS)]);
    await record(this.parts.database, {
      ...{ who: email, action: "sign_in.done", object: person },
      detail: { method, address: request.address },
    });
  }

  private keysFor(request: RequestSide, email: string): Record<string, AttemptLimit> {
    const device = readSignedCookie(request.header("cookie"), deviceCookieName, this.parts.secret());
    const account = accountMark(email);
    return {
      [addressKey(request.address)]: perAddress,
      [device?.endsWith(`:${account}`) ? `device ${device}` : `account ${account}`]: perAccount,
    };
  }

  /** Of accounts that there are only: the audit log is not for what strangers make up. */
  private async refuse(request: RequestSide, email: string, method: string): Promise<void> {
    const { database } = this.parts;
    const known = await database.query("SELECT FROM people WHERE email = $1", [email]);
    if (known.length === 0) return;
    const detail = { method, address: request.address };
    await record(database, { who: email, action: "sign_in.refuse", detail });
  }
}

/** Without it better-auth would go by a session that the browser has from before. */
function bareHeaders(cookie = "", only?: string): Headers {
  const kept = cookie.split(";").filter((pair) => only !== undefined && pair.includes(`.${only}=`));
  return new Headers(kept.length > 0 ? { cookie: kept.join(";").trim() } : {});
}

const accountMark = (email: string): string =>
  createHash("sha256").update(email).digest("base64url").slice(0, 22);

/** Of the answer's cookies. */
export function sessionTokenIn(cookies: string[], secret: string): string {
  const pairs = cookies.map((cookie) => cookie.split(";")[0]!).filter((pair) => !pair.endsWith("="));
  const token = readSignedCookie(pairs.join("; "), sessionCookieName, secret);
  if (token === undefined) throw new Error("the answer to a sign-in has no session");
  return token;
}
