/**
 * git's `proc-receive` hook (https://git-scm.com/docs/githooks#proc-receive): decides for each pushed branch whether its ref moves.
 * Unlike `pre-receive` it runs when the objects are already in the repository, and answers for each ref by itself. What is
 * written to standard error reaches the pusher's terminal as `remote: …` while the build runs.
 */
import { errorJson } from "@evenkeel/model";
import { type ControlClient, createControlClient, type PushEvent } from "../../client/index.ts";
import { flushPacket, packet, readPackets } from "../pkt-line.ts";

interface Command {
  oldSha: string;
  newSha: string;
  ref: string;
}

const {
  EVENKEEL_CONTROL_SOCKET: socketPath = "",
  EVENKEEL_PUSH: push = "",
  EVENKEEL_PUSH_SECRET: token = "",
} = process.env;

async function main(): Promise<void> {
  const packets = readPackets(Bun.stdin.stream());
  const greeting = await untilFlush(packets);
  if (!greeting[0]?.startsWith("version=1")) throw new Error(`git speaks another protocol: ${greeting[0]}`);
  process.stdout.write(packet("version=1") + flushPacket);
  const commands = (await untilFlush(packets)).map(readCommand);
  const client = createControlClient({ socketPath, token });
  for (const command of commands) process.stdout.write(await decide(client, command));
  process.stdout.write(flushPacket);
}

async function untilFlush(packets: AsyncGenerator<string | undefined>): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const { value, done } = await packets.next();
    if (done || value === undefined) return lines;
    lines.push(value);
  }
}

function readCommand(line: string): Command {
  const [oldSha = "", newSha = "", ...ref] = line.split(" ");
  return { oldSha, newSha, ref: ref.join(" ") };
}

/** `fall-through` lets git itself move the ref, with all its own checks. */
async function decide(client: ControlClient, { ref, oldSha, newSha }: Command): Promise<string> {
  let reason = "the control plane ended before it decided; see `evenkeel list`";
  try {
    for await (const event of client.receivePush({ push, ref, oldSha, newSha })) {
      if (event.type === "accepted") return packet(`ok ${ref}`) + packet("option fall-through");
      if (event.type === "refused") reason = event.error.message;
      else show(event);
    }
  } catch (error) {
    reason = errorJson(error).message;
  }
  return packet(`ng ${ref} ${oneLine(reason)}`);
}

function show(event: Exclude<PushEvent, { type: "accepted" | "refused" }>): void {
  if (event.type === "log")
    say(event.line.stream === "platform" ? `-----> ${event.line.text}` : `       ${event.line.text}`);
  else if (event.type === "note") say(event.text);
}

/** Control characters of an app's build must not reach the pusher's terminal, colours apart. */
const say = (text: string): void => {
  process.stderr.write(`${text.replace(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[0-9;]*m)/g, "")}\n`);
};

const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 400);

await main();
