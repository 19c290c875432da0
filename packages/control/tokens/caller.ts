import type { AppName } from "@evenkeel/model";
import { grantablePermissions } from "../api/contract/index.ts";
import type { Capabilities } from "../people/capabilities.ts";

/** Who did something, as rows name them. */
export interface Actor {
  kind: "person" | "token" | "platform";
  id: string;
  /** A person's e-mail address, a token's name. */
  name: string;
}

/** Who asks. */
export interface Caller extends Capabilities {
  actor: Actor;
  /** As the audit log names them. */
  name: string;
  /** Whose word it is: the person's, for all of one's sessions and tokens; a token's that is nobody's. */
  voice: string;
  /** Of a browser. */
  session?: CallerSession;
}

export interface CallerSession {
  id: string;
  person: string;
  /** Whether the person has proven who they are in the last minutes. */
  isFresh: boolean;
}

export const adminCaller: Caller = {
  actor: { kind: "token", id: "admin", name: "admin" },
  name: "admin",
  voice: "token:admin",
  permissions: new Set(grantablePermissions),
  onApps: new Map(),
};

export const mayTouch = (caller: Caller, app: AppName): boolean =>
  caller.permissions.size > 0 || caller.onApps.has(app);
