import type { ChannelView, NotificationView } from "@evenkeel/control";
import { formatDuration, parseAppName } from "@evenkeel/model";
import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatAge, formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { wholeNumber } from "../up.ts";

interface Options {
  app?: string;
  json?: boolean;
}

/** By which ways people are told of incidents. */
export function registerNotify(program: Command): void {
  const notify = program
    .command("notify")
    .summary("set up how people are told of incidents")
    .description(
      "Channels are named as the runbook names them (slack_alert, pagerduty, email_team). Without --app they are the platform's, and serve all apps that have none of that name.",
    )
    .addHelpText(
      "after",
      `
Kinds and their settings (--set NAME=VALUE; lists by commas):
  slack      url
  pagerduty  routingKey [baseUrl]
  smtp       host from to [port security user password]   security: starttls, tls, none
  sms        accountSid authToken from to
  voice      accountSid authToken from to
  webhook    url secret                                    secret: whsec_… (Standard Webhooks)

Examples:
  evenkeel notify channels add slack_alert --kind slack --app shop --set url=https://hooks.slack.com/services/T/B/x
  evenkeel notify channels add ada_phone --kind sms --person ada --sandbox shop/development --set to=+14155550123
  evenkeel notify test slack_alert --app shop
  evenkeel notify log --app shop`,
    );
  const channels = notify
    .command("channels")
    .summary("the ways there are")
    .description("Shows and changes the ways by which people are told.")
    .addHelpText("after", "\nExample:\n  evenkeel notify channels list --app shop");
  registerAdd(channels);
  registerList(channels);
  registerRemove(channels);
  registerTest(notify);
  registerLog(notify);
}

interface AddOptions extends Options {
  kind: ChannelView["kind"];
  set: string[];
  person?: string;
  template?: string;
  fallback?: string;
  sandbox?: string;
}

function registerAdd(channels: Command): void {
  channels
    .command("add")
    .summary("set up a way")
    .description("Checks and keeps the settings of a channel; secrets are sealed and never shown again.")
    .argument("<name>", "as the runbook calls it")
    .requiredOption("--kind <kind>", "slack, pagerduty, smtp, sms, voice or webhook")
    .option("--app <app>", "for one app; needed unless you administer the platform")
    .option("--set <name=value...>", "settings of the kind", [])
    .option("--person <name>", "whose it is, as the on-call rotation calls them")
    .option("--template <text>", "words with fields: {severity} {service}: {title}")
    .option("--fallback <channel>", "takes over where this one fails")
    .option("--sandbox <app/environment>", "leads to the sandbox's twin of the provider")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  evenkeel notify channels add pagerduty --kind pagerduty --app shop --set routingKey=…",
    )
    .action(async (name: string, options: AddOptions) => {
      const { kind, person, template, fallback } = options;
      const channel = await withControl((client) => {
        const wish = {
          ...{ name, kind, settings: readSettings(options.set) },
          ...(person !== undefined && { person }),
          ...(template !== undefined && { template }),
          ...(fallback !== undefined && { fallback }),
          ...(options.sandbox !== undefined && { sandbox: readAccount(options.sandbox) }),
        };
        return options.app === undefined
          ? client.addPlatformChannel(wish)
          : client.addChannel({ ...wish, app: parseAppName(options.app) });
      });
      if (options.json) console.log(JSON.stringify(channel));
      else
        console.log(
          `Channel ${channel.name} leads to ${channel.to}. Try it: evenkeel notify test ${name}${ofApp(options)}`,
        );
    });
}

function registerList(channels: Command): void {
  channels
    .command("list")
    .summary("show them")
    .description("Shows channels of an app with the platform's, or the platform's alone.")
    .option("--app <app>", "of one app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel notify channels list --app shop")
    .action(async ({ app, json }: Options) => {
      const { channels: found } = await withControl((client) =>
        app === undefined ? client.listPlatformChannels() : client.listChannels({ app: parseAppName(app) }),
      );
      if (json) console.log(JSON.stringify({ channels: found }));
      else if (found.length === 0) console.log("Nobody is told: evenkeel notify channels add --help");
      else {
        console.log(
          formatTable(
            ["name", "kind", "of", "to", "person", "fallback", "state"],
            found.map((each) => [
              ...[
                each.name,
                each.kind,
                each.app ?? "platform",
                each.to,
                each.person ?? "",
                each.fallback ?? "",
              ],
              each.failing ? `fails ${formatAge(each.failing.sinceMs)}: ${each.failing.error}` : "ok",
            ]),
          ),
        );
      }
    });
}

function registerRemove(channels: Command): void {
  channels
    .command("remove")
    .summary("remove one")
    .description("Removes a channel; what waits to be sent by it is not sent.")
    .argument("<name>", "its name")
    .option("--app <app>", "of one app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel notify channels remove slack_alert --app shop")
    .action(async (channel: string, { app, json }: Options) => {
      await withControl((client) =>
        app === undefined
          ? client.removePlatformChannel({ channel })
          : client.removeChannel({ channel, app: parseAppName(app) }),
      );
      console.log(json ? JSON.stringify({ removed: true }) : `Removed ${channel}`);
    });
}

function registerTest(notify: Command): void {
  notify
    .command("test")
    .summary("send one message by a channel")
    .description("Sends a message that says it is a test, and tells what the provider answered.")
    .argument("<name>", "its name")
    .option("--app <app>", "of one app")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel notify test slack_alert --app shop")
    .action(async (channel: string, { app, json }: Options) => {
      const sent = await withControl((client) =>
        app === undefined
          ? client.testPlatformChannel({ channel })
          : client.testChannel({ channel, app: parseAppName(app) }),
      );
      const reference = sent.reference === undefined ? "" : `, ${sent.reference}`;
      console.log(json ? JSON.stringify(sent) : `${channel} has taken the message${reference}`);
    });
}

function registerLog(notify: Command): void {
  notify
    .command("log")
    .summary("show what was told, and what came of it")
    .description("Shows notifications, newest first.")
    .option("--app <app>", "of one app; else all")
    .option("--limit <count>", "so many", "50")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  evenkeel notify log --app shop")
    .action(async ({ app, json, limit: given }: Options & { limit: string }) => {
      const limit = wholeNumber("--limit", given, 1, 500);
      const { notifications } = await withControl((client) =>
        app === undefined
          ? client.listPlatformNotifications({ limit })
          : client.listNotifications({ app: parseAppName(app), limit }),
      );
      if (json) console.log(JSON.stringify({ notifications }));
      else if (notifications.length === 0) console.log("Nobody was told of anything yet.");
      else
        console.log(
          formatTable(
            ["when", "channel", "incident", "event", "state", "after", ""],
            notifications.map((each) => [
              ...[
                formatAge(each.createdAtMs),
                each.channel,
                each.incident === undefined ? "" : String(each.incident),
              ],
              ...[
                each.event,
                stateOf(each),
                afterOf(each),
                each.error && each.state !== "sent" ? each.error.message : each.subject,
              ],
            ]),
          ),
        );
    });
}

const stateOf = ({ state, attempts, mayBeRepeated }: NotificationView): string =>
  `${state}${attempts > 1 ? ` (${attempts} attempts)` : ""}${mayBeRepeated ? ", perhaps twice" : ""}`;

const afterOf = ({ endedAtMs, createdAtMs }: NotificationView): string =>
  endedAtMs === undefined ? "–" : formatDuration(endedAtMs - createdAtMs);

const ofApp = ({ app }: Options): string => (app === undefined ? "" : ` --app ${app}`);

function readSettings(pairs: string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`--set takes NAME=VALUE, not ${JSON.stringify(pair.slice(0, 20))}`);
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (name === "to") return [name, value.split(",").map((each) => each.trim())];
      return [name, name === "port" ? Number(value) : value];
    }),
  );
}

function readAccount(text: string) {
  const [app, environment, ...more] = text.split("/");
  if (!app || !environment || more.length > 0)
    throw new UsageError("--sandbox takes an app and an environment: shop/development");
  return { app: parseAppName(app), environment: environment as "development" };
}
