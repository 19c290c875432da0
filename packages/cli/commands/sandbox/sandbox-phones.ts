import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { askSandbox } from "./sandbox-client.ts";
import { accountPath, type SandboxOptions, sandboxCommand } from "./sandbox-options.ts";

interface Line {
  who: "app" | "person" | "note";
  text: string;
}

interface Call {
  provider: string;
  id: string;
  number: string;
  appNumber: string;
  direction: "to_person" | "from_person";
  status: string;
  state: string;
  asks?: string;
  lines: Line[];
}

interface Text {
  provider: string;
  direction: "to_person" | "from_person";
  number: string;
  appNumber: string;
  text: string;
  status: string;
}

interface Phones {
  phones: { number: string; holder: string }[];
  numbers: { provider: string; number: string; texts: boolean }[];
  calls: Call[];
  texts: Text[];
}

type FromOptions = SandboxOptions & { from: string; to?: string; provider?: string };

const aPerson = "+14155550123";

/** What people at phones outside do: they call, answer, talk, press keys, and text. */
export function registerSandboxPhones(sandbox: Command): void {
  const phone = sandbox.command("phone").summary("be the people at the phones outside");
  sandboxCommand(phone, "list", "list the app's numbers, its calls and its texts")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox phone list shop")
    .action(list);
  sandboxCommand(phone, "take", "let a number wait for you, instead of somebody who acts by themselves")
    .argument("<number>", "of the person, like +14155550123")
    .option("--release", "let somebody act by themselves again")
    .addHelpText("after", "\nExample:\n  evenkeel sandbox phone take shop +14155550123")
    .action(take);
  withNumbers(sandboxCommand(phone, "call", "call the app"))
    .addHelpText("after", "\nExample:\n  evenkeel sandbox phone call shop --to +15005550006")
    .action(call);
  withNumbers(sandboxCommand(phone, "text", "text the app").argument("<text>", "what to say"))
    .addHelpText("after", "\nExample:\n  evenkeel sandbox phone text shop STOP --from +14155552671")
    .action(text);
  for (const [name, type, summary] of [
    ["answer", "answer", "take a call that rings"],
    ["decline", "decline", "do not take a call that rings"],
    ["hang-up", "hang_up", "end a call"],
  ] as const) {
    sandboxCommand(phone, name, summary)
      .argument("[call]", "its id; default the newest that is not over")
      .addHelpText("after", `\nExample:\n  evenkeel sandbox phone ${name} shop`)
      .action((app: string, id: string | undefined, options: SandboxOptions) =>
        act(app, id, { type }, options),
      );
  }
  for (const [name, argument, field, summary] of [
    ["say", "<text>", "text", "say something in a call"],
    ["press", "<keys>", "keys", "press keys in a call: 0 to 9, * and #"],
  ] as const) {
    sandboxCommand(phone, name, summary)
      .argument(argument)
      .option("--call <id>", "default the newest that is not over")
      .addHelpText(
        "after",
        `\nExample:\n  evenkeel sandbox phone ${name} shop ${name === "say" ? '"A table for two"' : "1"}`,
      )
      .action((app: string, value: string, options: SandboxOptions & { call?: string }) =>
        act(app, options.call, { type: name, [field]: value }, options),
      );
  }
}

const withNumbers = (command: Command): Command =>
  command
    .option("--from <number>", "of the person", aPerson)
    .option("--to <number>", "of the app; default its first one")
    .option("--provider <name>", "twilio or vapi, where both have the number");

const ask = (app: string, options: SandboxOptions) =>
  askSandbox<Phones>("GET", `${accountPath(app, options)}/phones`);

async function list(app: string, options: SandboxOptions): Promise<void> {
  const { phones, numbers, calls, texts } = await ask(app, options);
  if (options.json) return void console.log(JSON.stringify({ phones, numbers, calls, texts }));
  const arrow = ({ direction, number, appNumber }: Call | Text) =>
    direction === "to_person" ? `${appNumber} → ${number}` : `${number} → ${appNumber}`;
  console.log(
    formatTable(
      ["provider", "number"],
      numbers.map(({ provider, number }) => [provider, number]),
    ),
  );
  if (calls.length > 0) console.log("");
  for (const each of calls) {
    console.log(
      `${each.id}  ${each.provider}  ${arrow(each)}  ${each.status}${each.asks ? `  waits for ${each.asks.replaceAll("_", " ")}` : ""}`,
    );
    for (const { who, text } of each.lines) console.log(`  ${who}: ${text}`);
  }
  if (texts.length > 0) console.log("");
  for (const each of texts) console.log(`${each.provider}  ${arrow(each)}  ${each.status}  ${each.text}`);
}

async function take(
  app: string,
  number: string,
  options: SandboxOptions & { release?: boolean },
): Promise<void> {
  const path = `${accountPath(app, options)}/phones/${encodeURIComponent(number)}`;
  const answer = options.release
    ? await askSandbox("DELETE", path)
    : await askSandbox("PUT", path, { holder: "person", pickup: "answers" });
  const words = options.release ? "acts by itself again" : "waits for you when it rings";
  console.log(options.json ? JSON.stringify(answer) : `${number} ${words}.`);
}

/** The provider and the number of the app that are meant. @throws UsageError */
async function target(
  app: string,
  options: FromOptions,
  texts: boolean,
): Promise<{ provider: string; to: string }> {
  const { numbers } = await ask(app, options);
  const fitting = numbers.filter(
    (each) =>
      (!texts || each.texts) &&
      (options.provider ?? each.provider) === each.provider &&
      (options.to ?? each.number) === each.number,
  );
  if (!fitting[0])
    throw new UsageError(`${app} has no such number`, { hint: `See: evenkeel sandbox phone list ${app}` });
  return { provider: fitting[0].provider, to: fitting[0].number };
}

async function call(app: string, options: FromOptions): Promise<void> {
  const { provider, to } = await target(app, options, false);
  const path = `${accountPath(app, options)}/calls`;
  const made = await askSandbox<Call>("POST", path, { provider, from: options.from, to });
  console.log(options.json ? JSON.stringify(made) : `${made.id}: ${options.from} calls ${to}.`);
}

async function text(app: string, words: string, options: FromOptions): Promise<void> {
  const { provider, to } = await target(app, options, true);
  const path = `${accountPath(app, options)}/texts`;
  const sent = await askSandbox<Text>("POST", path, { provider, from: options.from, to, text: words });
  console.log(options.json ? JSON.stringify(sent) : `${options.from} has texted ${to}.`);
}

async function act(
  app: string,
  id: string | undefined,
  action: object,
  options: SandboxOptions,
): Promise<void> {
  const { calls } = await ask(app, options);
  const meant = calls.find((each) => (id === undefined ? each.state !== "ended" : each.id === id));
  if (!meant) {
    throw new UsageError(
      id === undefined ? `${app} has no call that is not over` : `${app} has no call ${id}`,
      {
        hint: `See: evenkeel sandbox phone list ${app}`,
      },
    );
  }
  const path = `${accountPath(app, options)}/calls/${encodeURIComponent(meant.id)}/act`;
  await askSandbox("POST", path, { provider: meant.provider, ...action });
  console.log(options.json ? JSON.stringify({ call: meant.id, ...action }) : `Done in call ${meant.id}.`);
}
