import { z } from "zod";
import { type RoleGrant, roles } from "../../people/capabilities.ts";
import { appName } from "./parameters.ts";
import { type GrantablePermission, json } from "./route.ts";

export type { Role, RoleGrant } from "../../people/capabilities.ts";

export interface Person {
  id: string;
  name: string;
  email: string;
  roles: RoleGrant[];
  /** Codes of an authenticator app are asked for. */
  hasCodes: boolean;
  passkeys: number;
  createdAtMs: number;
  /** Absent: has no session. */
  lastSeenAtMs?: number;
}

export interface Invitation {
  id: string;
  /** Absent: the first owner's, or whoever has the link. */
  email?: string;
  roles: RoleGrant[];
  createdAtMs: number;
  createdBy: string;
  expiresAtMs: number;
}

export interface Linked extends Invitation {
  /** Shown this once. */
  link: string;
  /** Whether it went to them by the platform's mail channel. */
  mailed: "sent" | "failed" | "none";
}

/** Everything that the console has to know of who uses it; what they may do follows by `may` of `people/capabilities`. */
export interface Me {
  person: Person;
  /** On all apps, and of the platform itself. */
  permissions: GrantablePermission[];
  /** Until then nothing has to be confirmed. */
  isFresh: boolean;
}

export interface Session {
  id: string;
  isThis: boolean;
  /** As the browser names itself. */
  userAgent: string;
  address: string;
  method: string;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
}

export interface Passkey {
  id: string;
  name: string;
  createdAtMs: number;
  lastUsedAtMs?: number;
}

/** `options` as `navigator.credentials` takes them (`PublicKeyCredential.parseRequestOptionsFromJSON`); `challenge` goes back with the answer. */
export interface PasskeyQuestion {
  challenge: string;
  options: object;
}

/** What follows a right password: signed in, or a code is asked for. */
export type SignedIn = { outcome: "signed_in" } | { outcome: "code_needed" };

const email = z.string().trim().toLowerCase().pipe(z.email().max(254));
const personName = z.string().trim().min(1).max(100);
const password = z.string().min(1).max(200);
const secret = z.string().min(20).max(100);
/** Of `navigator.credentials`, as `toJSON` gives it; verified by the WebAuthn library. */
const credential = z.looseObject({
  id: z.string().min(1).max(1_400),
  response: z.record(z.string(), z.unknown()),
});
const answer = { challenge: z.string().max(40), response: credential };
const roleGrants = z
  .array(z.strictObject({ app: appName.optional(), role: z.enum(roles) }))
  .max(200)
  .refine((grants) => new Set(grants.map(({ app }) => app)).size === grants.length, "one role for each app");
const personParams = z.object({ person: z.string().max(64) });

export const peopleRoutes = {
  /** What the page for signing in has to know. */
  getSignIn: json<{ hasOwner: boolean }>()({ method: "GET", path: "/api/sign-in", permission: "public" }),
  signIn: json<SignedIn>()({
    method: "POST",
    path: "/api/sign-in/password",
    permission: "public",
    body: z.strictObject({ email, password }),
  }),
  /** After `code_needed`, within ten minutes: a code of the authenticator app, or one of the recovery codes. */
  signInByCode: json<SignedIn>()({
    method: "POST",
    path: "/api/sign-in/code",
    permission: "public",
    body: z.union([
      z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
      z.strictObject({ recoveryCode: z.string().trim().min(5).max(40) }),
    ]),
  }),
  askPasskey: json<PasskeyQuestion>()({
    method: "POST",
    path: "/api/sign-in/passkey/question",
    permission: "public",
  }),
  signInByPasskey: json<SignedIn>()({
    method: "POST",
    path: "/api/sign-in/passkey",
    permission: "public",
    body: z.strictObject(answer),
  }),
  /** Of a link to join; its secret stands behind `#`, so that it is in no log. */
  lookAtLink: json<{ email?: string; name?: string; roles: RoleGrant[] }>()({
    method: "POST",
    path: "/api/join/look",
    permission: "public",
    body: z.strictObject({ secret }),
  }),
  /** Makes the account, or with a link for somebody who has one sets a new password; and signs in. */
  join: json<SignedIn>()({
    method: "POST",
    path: "/api/join",
    permission: "public",
    body: z.strictObject({ secret, name: personName, email, password }),
  }),
  signOut: json<{ signedOut: true }>()({ method: "POST", path: "/api/sign-out", permission: "person" }),

  getMe: json<Me>()({ method: "GET", path: "/api/me", permission: "person" }),
  renameMe: json<Me>()({
    method: "PATCH",
    path: "/api/me",
    permission: "person",
    body: z.strictObject({ name: personName }),
  }),
  /** Shows, restores and removes are asked for only some minutes after this, or after signing in. */
  confirmMe: json<{ isFresh: true }>()({
    method: "POST",
    path: "/api/me/confirm",
    permission: "person",
    body: z.union([z.strictObject({ password }), z.strictObject(answer)]),
  }),
  askPasskeyAgain: json<PasskeyQuestion>()({
    method: "POST",
    path: "/api/me/confirm/question",
    permission: "person",
  }),
  /** Ends all other sessions. */
  changePassword: json<{ changed: true }>()({
    method: "POST",
    path: "/api/me/password",
    permission: "person",
    body: z.strictObject({ current: password, next: password }),
  }),
  listSessions: json<{ sessions: Session[] }>()({
    method: "GET",
    path: "/api/me/sessions",
    permission: "person",
  }),
  endSession: json<{ ended: true }>()({
    method: "DELETE",
    path: "/api/me/sessions/:session",
    permission: "person",
    params: z.object({ session: z.string().max(64) }),
  }),
  /** All but this one. */
  endOtherSessions: json<{ ended: number }>()({
    method: "DELETE",
    path: "/api/me/sessions",
    permission: "person",
  }),
  /** Codes are asked for once one has been given to `confirmCodes`. Recovery codes are shown this once. */
  beginCodes: json<{ uri: string; recoveryCodes: string[] }>()({
    method: "POST",
    path: "/api/me/codes",
    permission: "person",
    body: z.strictObject({ password }),
  }),
  confirmCodes: json<{ confirmed: true }>()({
    method: "POST",
    path: "/api/me/codes/confirm",
    permission: "person",
    body: z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
  }),
  renewRecoveryCodes: json<{ recoveryCodes: string[] }>()({
    method: "POST",
    path: "/api/me/codes/recovery",
    permission: "person",
    body: z.strictObject({ password }),
  }),
  removeCodes: json<{ removed: true }>()({
    method: "POST",
    path: "/api/me/codes/remove",
    permission: "person",
    isFresh: true,
    body: z.strictObject({ password }),
  }),
  listPasskeys: json<{ passkeys: Passkey[] }>()({
    method: "GET",
    path: "/api/me/passkeys",
    permission: "person",
  }),
  askNewPasskey: json<PasskeyQuestion>()({
    method: "POST",
    path: "/api/me/passkeys/question",
    permission: "person",
    isFresh: true,
  }),
  addPasskey: json<{ passkeys: Passkey[] }>()({
    method: "POST",
    path: "/api/me/passkeys",
    permission: "person",
    isFresh: true,
    body: z.strictObject({ ...answer, name: z.string().trim().min(1).max(60) }),
  }),
  removePasskey: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/me/passkeys/:passkey",
    permission: "person",
    isFresh: true,
    params: z.object({ passkey: z.string().max(1_400) }),
  }),

  listPeople: json<{ people: Person[]; invitations: Invitation[] }>()({
    method: "GET",
    path: "/api/people",
    permission: "admin",
  }),
  /** In place of the roles that they had. */
  setRoles: json<Person>()({
    method: "PUT",
    path: "/api/people/:person/roles",
    permission: "admin",
    isFresh: true,
    params: personParams,
    body: z.strictObject({ roles: roleGrants }),
  }),
  /** With their sessions and tokens. */
  removePerson: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/people/:person",
    permission: "admin",
    isFresh: true,
    params: personParams,
  }),
  endSessionsOf: json<{ ended: number }>()({
    method: "DELETE",
    path: "/api/people/:person/sessions",
    permission: "admin",
    isFresh: true,
    params: personParams,
  }),
  /** A link is shown once; it works once, for seven days. */
  invite: json<Linked>()({
    method: "POST",
    path: "/api/invitations",
    permission: "admin",
    isFresh: true,
    body: z.strictObject({ email, roles: roleGrants }),
  }),
  /** For somebody who has lost the password, and maybe the authenticator app: codes are off afterwards, and all sessions ended. */
  makeResetLink: json<Linked>()({
    method: "POST",
    path: "/api/people/:person/reset-link",
    permission: "admin",
    isFresh: true,
    params: personParams,
  }),
  withdrawInvitation: json<{ withdrawn: true }>()({
    method: "DELETE",
    path: "/api/invitations/:invitation",
    permission: "admin",
    params: z.object({ invitation: z.string().max(40) }),
  }),
  /** For the first owner, while there is none; a link that was made before is worth nothing then. */
  makeOwnerLink: json<{ link: string; expiresAtMs: number }>()({
    method: "POST",
    path: "/api/people/owner-link",
    permission: "admin",
  }),
};
