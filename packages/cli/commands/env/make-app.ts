import type { ControlClient } from "@evenkeel/control";
import type { AppName } from "@evenkeel/model";

/** An app may need its variables before its first deployment; that it is made is said, as its name may have been mistyped. */
export async function makeApp(client: ControlClient, app: AppName): Promise<void> {
  if ((await client.ensureApp({ app })).created) process.stderr.write(`The app ${app} is new\n`);
}
