import type { AppName } from "@evenkeel/model";
import { type GrantablePermission, grantablePermissions } from "../api/contract/index.ts";

/** Who asks, as the audit log names them. */
export interface Caller {
  name: string;
  permissions: ReadonlySet<GrantablePermission>;
  /** Absent: all apps. */
  apps?: ReadonlySet<AppName>;
}

export const adminCaller: Caller = { name: "admin", permissions: new Set(grantablePermissions) };

export const mayTouch = (caller: Caller, app: AppName): boolean =>
  caller.apps === undefined || caller.apps.has(app);
