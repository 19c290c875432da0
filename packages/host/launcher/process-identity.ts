import process from "node:process";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { IdentityRefusedError } from "./errors.ts";

/** Gives up root for good, groups first, since afterwards nothing may be changed. */
export function dropPrivileges(identity: Assignment["identity"]): void {
  if (identity === undefined) return;
  try {
    process.setgroups!([]);
    process.setgid!(identity.gid);
    process.setuid!(identity.uid);
  } catch (cause) {
    throw new IdentityRefusedError(`Changing to uid ${identity.uid} and gid ${identity.gid} was refused`, {
      cause,
    });
  }
}
