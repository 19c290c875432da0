/**
 * The control plane's process. The supervisor sets `EVENKEEL_HOME`, `EVENKEEL_RUN`, `EVENKEEL_DOMAIN`, `EVENKEEL_PORT`,
 * `EVENKEEL_ADDRESS` and `EVENKEEL_DATABASE_URL`. Says `{"ready":true}` once the database is up to date; ends on SIGTERM.
 */
import { EvenkeelError, layoutFromEnvironment } from "@evenkeel/model";
import { Control } from "./control.ts";
import { SettingMissingError } from "./errors.ts";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new SettingMissingError(name);
  return value;
}

async function main(): Promise<void> {
  const control = new Control({
    layout: layoutFromEnvironment(process.env),
    place: { domain: setting("EVENKEEL_DOMAIN"), port: Number(setting("EVENKEEL_PORT")) },
    address: setting("EVENKEEL_ADDRESS"),
    databaseUrl: setting("EVENKEEL_DATABASE_URL"),
  });
  const stop = () => {
    void control.stop().finally(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await control.open();
  console.log(JSON.stringify({ ready: true, pid: process.pid }));
}

// Its parts survive what goes wrong around them; what nobody foresaw ends the process, and the supervisor starts it anew.
main().catch((error: unknown) => {
  console.error(error instanceof EvenkeelError ? `${error.message}. ${error.hint ?? ""}` : error);
  process.exit(1);
});
