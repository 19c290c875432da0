import { connect as connectPlain, isIP, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import type { AppName } from "@evenkeel/model";
import { DrainFailedError } from "../errors.ts";
import type { LogLevel } from "../line/log-level.ts";
import type { LogLine } from "../line/log-line.ts";
import { checkedAddress } from "./checked-address.ts";
import type { DrainShipper, DrainTarget } from "./drain.ts";

/** local0: https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
const facility = 16;
const severities: Record<LogLevel, number> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, fatal: 2 };
const timeLimitMs = 15_000;
/** A server that goes away resets the connection within this, or its kernel takes what was sent. */
const settleMs = 2_000;

export function syslogShipper(target: DrainTarget): DrainShipper {
  const url = new URL(target.url);
  let socket: Socket | undefined;
  let broken: DrainFailedError | undefined;
  const failed = (reason: string) => new DrainFailedError(`${url.host} did not take the lines: ${reason}`);
  const open = async (): Promise<Socket> => {
    const host = await checkedAddress(url.hostname, target.isLocal);
    const tls = url.protocol === "syslogs:";
    const port = url.port === "" ? (tls ? 6514 : 601) : Number(url.port);
    const named = isIP(url.hostname) === 0 ? { servername: url.hostname } : {};
    const trusted = target.ca === undefined ? {} : { ca: target.ca };
    const opened = tls ? connectTls({ host, port, ...named, ...trusted }) : connectPlain({ host, port });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (reason: string) => {
      broken ??= failed(reason);
      reject(broken);
    };
    const timer = setTimeout(() => opened.destroy(new Error("it did not answer in time")), timeLimitMs);
    opened.once(tls ? "secureConnect" : "connect", () => resolve());
    opened.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    opened.on("close", () => end("the connection was lost"));
    // It says nothing; that it ends the connection is heard.
    opened.on("end", () => opened.destroy());
    opened.resume();
    await promise.finally(() => clearTimeout(timer));
    return opened;
  };
  return {
    settleMs,
    async send(lines, app) {
      socket ??= await open();
      const bytes = Buffer.concat(lines.map((line) => frame(syslogMessage(line, app))));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => reject(failed("it does not read")), timeLimitMs);
      socket.once("close", () => reject(broken ?? failed("the connection was lost")));
      socket.write(bytes, (error) => (error ? reject(failed(error.message)) : resolve()));
      await promise.finally(() => clearTimeout(timer));
    },
    check() {
      if (broken) throw broken;
    },
    close() {
      socket?.destroy();
    },
  };
}

function frame(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** https://www.rfc-editor.org/rfc/rfc5424#section-6 */
export function syslogMessage(line: LogLine, app: AppName): string {
  const { id, environment, deployment, requestId, stream, fields } = line;
  const data = {
    id,
    environment,
    deployment,
    requestId,
    stream,
    ...(fields && { fields: JSON.stringify(fields) }),
  };
  const parameters = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value!.replace(/["\\\]]/g, "\\$&")}"`)
    .join(" ");
  const header = [
    `<${facility * 8 + severities[line.level]}>1`,
    new Date(line.atMs).toISOString(),
    printable(hostname(), 255),
    printable(app, 48),
    printable(line.process ?? line.instance ?? "-", 128),
    line.build ? "build" : "-",
  ].join(" ");
  return `${header} [evenkeel@32473 ${parameters}] \ufeff${line.text}`;
}

const printable = (text: string, length: number): string =>
  text.replace(/[^\x21-\x7e]/g, "_").slice(0, length) || "-";
