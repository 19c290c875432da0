import type { RequestSide } from "../../api/request-side.ts";
import { record } from "../../audit/audit-log.ts";
import { SecondFactorStateError, SignInRefusedError } from "../../errors.ts";
import type { Caller } from "../../tokens/caller.ts";
import { type SignIn, type SignInParts, sessionTokenIn } from "./sign-in.ts";

/** Codes of an authenticator app (RFC 6238), with recovery codes, each good once. Kept encrypted by better-auth. */
export class AuthenticatorCodes {
  constructor(
    private readonly parts: SignInParts,
    private readonly signIn: SignIn,
  ) {}

  /** @returns what the app reads as a QR code; both are shown this once */
  async begin(
    request: RequestSide,
    caller: Caller,
    password: string,
  ): Promise<{ uri: string; recoveryCodes: string[] }> {
    await this.signIn.requirePassword(caller.session!.person, password);
    const auth = await this.parts.auth();
    const response = await auth.api.enableTwoFactor({
      ...{ body: { password, method: "totp" }, headers: sessionHeaders(request), asResponse: true },
    });
    if (!response.ok)
      throw new SecondFactorStateError("Codes are on already", { hint: "Remove them first, to begin anew." });
    const { totpURI, backupCodes } = (await response.json()) as { totpURI: string; backupCodes: string[] };
    return { uri: totpURI, recoveryCodes: backupCodes };
  }

  /** From here on they are asked for; other sessions go on. @throws SignInRefusedError */
  async confirm(request: RequestSide, caller: Caller, code: string): Promise<void> {
    const { person } = caller.session!;
    await this.signIn.guarded(request, async () => {
      const auth = await this.parts.auth();
      const response = await auth.api.verifyTOTP({
        ...{ body: { code }, headers: sessionHeaders(request), asResponse: true },
      });
      if (!response.ok) throw new SignInRefusedError("The code");
      await this.takeOver(request, response);
    });
    await this.signIn.useCode(person, code);
    await record(this.parts.database, { who: caller.name, action: "codes.on", object: person });
  }

  async renewRecoveryCodes(request: RequestSide, caller: Caller, password: string): Promise<string[]> {
    await this.signIn.requirePassword(caller.session!.person, password);
    const auth = await this.parts.auth();
    const response = await auth.api.generateBackupCodes({
      ...{ body: { password }, headers: sessionHeaders(request), asResponse: true },
    });
    if (!response.ok) throw new SecondFactorStateError("Codes are not on", { hint: "Begin them first." });
    await record(this.parts.database, { who: caller.name, action: "codes.renew" });
    return ((await response.json()) as { backupCodes: string[] }).backupCodes;
  }

  async remove(request: RequestSide, caller: Caller, password: string): Promise<void> {
    await this.signIn.requirePassword(caller.session!.person, password);
    const auth = await this.parts.auth();
    const response = await auth.api.disableTwoFactor({
      ...{ body: { password }, headers: sessionHeaders(request), asResponse: true },
    });
    if (!response.ok)
      throw new SecondFactorStateError("Codes are not on", { hint: "There is nothing to do." });
    await this.takeOver(request, response);
    await record(this.parts.database, {
      who: caller.name,
      action: "codes.off",
      object: caller.session!.person,
    });
  }

  /** better-auth begins a new session in place of the one that asked. */
  private async takeOver(request: RequestSide, response: Response): Promise<void> {
    const cookies = response.headers.getSetCookie();
    if (!cookies.some((cookie) => cookie.includes(".session_token="))) return;
    request.setCookies(cookies);
    await this.parts.sessions.bind(
      request,
      sessionTokenIn(cookies, this.parts.secret()),
      "password and code",
    );
  }
}

/** The cookie of the request, or the one that has just taken its place. */
function sessionHeaders(request: RequestSide): Headers {
  const renewed = request.answerHeaders
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0]!)
    .findLast((pair) => pair.includes(".session_token=") && !pair.endsWith("="));
  return new Headers({ cookie: renewed ?? request.header("cookie") ?? "" });
}
