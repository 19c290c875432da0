import { readFileSync } from "node:fs";
import { type ControlClient, ControlUnreachableError, createControlClient } from "@evenkeel/control";
import type { HomeLayout } from "@evenkeel/model";
import { PlatformNotRunningError } from "../errors.ts";
import { findHome } from "./home.ts";
import { currentLogin } from "./login-file.ts";
import { isSupervised } from "./supervisor-client.ts";

/** The API of this machine's control plane, over its socket, as its administrator. */
export function connectControl(layout: HomeLayout = findHome()): ControlClient {
  return createControlClient({ socketPath: layout.controlSocket, token: adminToken(layout) });
}

/** Where commands go; see `currentLogin`. */
export function connect(): ControlClient {
  const login = currentLogin();
  return login ? createControlClient({ baseUrl: login.url, token: login.token }) : connectControl();
}

/** Runs a command's body; a missing control plane is told apart: never started, or away for the moment. */
export async function withControl<Result>(body: (client: ControlClient) => Promise<Result>): Promise<Result> {
  const layout = findHome();
  try {
    return await body(connect());
  } catch (error) {
    if (error instanceof ControlUnreachableError && !currentLogin() && !(await isSupervised(layout))) {
      throw new PlatformNotRunningError(layout.home, error);
    }
    throw error;
  }
}

function adminToken(layout: HomeLayout): string {
  try {
    return readFileSync(layout.apiToken, "utf8").trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new PlatformNotRunningError(layout.home, cause);
    throw cause;
  }
}
