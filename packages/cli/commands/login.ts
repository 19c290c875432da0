import { hostname, userInfo } from "node:os";
import { ApiError, createControlClient, type DeviceLogin, type DeviceToken } from "@evenkeel/control";
import type { Command } from "commander";
import { withControl } from "../platform/control.ts";
import { findHome, readConfig } from "../platform/home.ts";
import { currentLogin, forgetLogin, keepLogin } from "../platform/login-file.ts";

interface LoginOptions {
  permission?: string[];
  json?: boolean;
}

type Permissions = Parameters<ReturnType<typeof createControlClient>["beginDeviceLogin"]>[0]["permissions"];

export function registerLogin(program: Command): void {
  program
    .command("login")
    .summary("act as yourself from here: shows a code that you confirm in the console")
    .description(
      "Afterwards commands go to that platform in your name, for 30 days. EVENKEEL_URL names another one; EVENKEEL_HOME a data directory of this machine, whose administrator you are there.",
    )
    .argument("[url]", "the platform's address (default: this machine's)")
    .option("--permission <permissions...>", "instead of: read, metrics, deploy, release, configure")
    .option("--json", "print the code, and then who you are, as a line of JSON each")
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel login\n  evenkeel login https://apps.example.com --permission read",
    )
    .action(login);
  program
    .command("logout")
    .summary("end that, and the token that it is done by")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel logout")
    .action(logout);
  program
    .command("whoami")
    .summary("in whose name commands act, and what they may do")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel whoami")
    .action(whoami);
}

async function login(given: string | undefined, { permission, json }: LoginOptions): Promise<void> {
  const url = new URL(given ?? ownUrl()).origin;
  const client = createControlClient({ baseUrl: url });
  const begun = await client.beginDeviceLogin({
    client: `evenkeel of ${userInfo().username} on ${hostname()}`.slice(0, 100),
    ...(permission && { permissions: permission as Permissions }),
  });
  if (json) console.log(JSON.stringify({ userCode: begun.user_code, page: begun.verification_uri_complete }));
  else
    process.stderr.write(`Open ${begun.verification_uri} and confirm the code ${begun.user_code}
  ${begun.verification_uri_complete}
Waiting; the code is valid for ${begun.expires_in / 60} min …\n`);
  const { access_token: token } = await untilConfirmed(client, begun);
  keepLogin({ url, token });
  const { actor } = await createControlClient({ baseUrl: url, token }).whoami();
  console.log(
    json ? JSON.stringify({ url, as: actor.name }) : `Commands act as ${actor.name} at ${url} now.`,
  );
}

/** As RFC 8628, 3.5 asks for: five seconds more whenever it was too often. */
async function untilConfirmed(
  client: ReturnType<typeof createControlClient>,
  { device_code, interval }: DeviceLogin,
): Promise<DeviceToken> {
  for (let waitS = interval; ; ) {
    await Bun.sleep(waitS * 1_000);
    try {
      return await client.redeemDeviceLogin({ device_code });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "slow_down") waitS += 5;
      else if (error.code !== "authorization_pending") throw error;
    }
  }
}

async function logout({ json }: { json?: boolean }): Promise<void> {
  const current = currentLogin();
  if (!current)
    return void console.log(json ? JSON.stringify({ loggedOut: false }) : "Nobody is logged in here.");
  const { url, token } = current;
  try {
    await createControlClient({ baseUrl: url, token }).endOwnToken();
  } catch (error) {
    // It is worth nothing already.
    if (!(error instanceof ApiError && error.code === "unauthenticated")) throw error;
  }
  forgetLogin(url);
  console.log(json ? JSON.stringify({ loggedOut: true, url }) : `Logged out of ${url}.`);
}

async function whoami({ json }: { json?: boolean }): Promise<void> {
  const found = await withControl((client) => client.whoami());
  if (json) return void console.log(JSON.stringify(found));
  const { actor, permissions, onApps, person } = found;
  const at = currentLogin()?.url;
  console.log(person ? `${person.name} <${person.email}>` : `The token ${actor.name} of this machine`);
  if (at) console.log(`at       ${at}`);
  console.log(`may      ${permissions.join(" ") || "nothing"} on all apps`);
  for (const [app, each] of Object.entries(onApps)) console.log(`         ${each.join(" ")} on ${app}`);
}

function ownUrl(): string {
  const { domain, port } = readConfig(findHome());
  return `http://${domain}:${port}`;
}
