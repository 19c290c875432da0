import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import type { AppName } from "@evenkeel/model";
import type { LogLine } from "../line/log-line.ts";
import { openShipper } from "./drain-runner.ts";

const shop = "shop" as AppName;
const openssl = Bun.which("openssl");
/** Debian's packages rsyslog and rsyslog-gnutls. */
const rsyslogd = Bun.which("rsyslogd") ?? (existsSync("/usr/sbin/rsyslogd") ? "/usr/sbin/rsyslogd" : null);

let folder: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-syslog-"));
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An authority that signs itself, for this machine's names. */
function certificate(): { cert: string; key: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const { exitCode, stderr } = Bun.spawnSync([
    ...[openssl!, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return { key, cert };
}

const line = (number: number): LogLine => ({
  ...{ id: `host-${number}`, atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), level: "error", stream: "stdout" },
  ...{ environment: "production", text: `line ${number} — “ü”\nsecond`, fields: { quote: '"]\\' } },
});
const lines = (count: number) => Array.from({ length: count }, (_, number) => line(number));

const shipper = (port: number, ca?: string) =>
  openShipper({
    ...{ kind: "syslog", url: `syslogs://localhost:${port}`, headers: {}, isLocal: true },
    ...(ca !== undefined && { ca }),
  });

async function until(look: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`Still not so: ${look}`);
    await Bun.sleep(10);
  }
}

/** https://www.rfc-editor.org/rfc/rfc5424#section-6: header, one element of structured data, a message marked as UTF-8. */
const message =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) \[([\x21-\x7e]+)((?: [a-zA-Z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] \ufeff(.*)$/s;

test.skipIf(!openssl)(
  "over TLS each message is framed by its octets and reads by RFC 5424; a certificate of nobody's is refused",
  async () => {
    const { cert, key } = certificate();
    const received: Buffer[] = [];
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (piece: Buffer) => received.push(piece));
      stops.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => server.close());
    const { port } = server.address() as { port: number };

    const stranger = shipper(port);
    expect(stranger.send(lines(1), shop)).rejects.toMatchObject({ code: "drain_failed" });
    stranger.close();

    const trusted = shipper(port, readFileSync(cert, "utf8"));
    stops.push(() => trusted.close());
    await trusted.send(lines(300), shop);
    const messages: RegExpExecArray[] = [];
    const take = () => {
      messages.length = 0;
      const bytes = Buffer.concat(received);
      for (let at = 0; at < bytes.length; ) {
        const space = bytes.indexOf(32, at);
        const length = bytes.toString("latin1", at, space);
        if (!/^[1-9]\d{0,4}$/.test(length)) throw new Error(`No length: ${length}`);
        const end = space + 1 + Number(length);
        if (end > bytes.length) return false;
        const found = message.exec(bytes.toString("utf8", space + 1, end));
        if (!found) throw new Error(`No message: ${bytes.toString("utf8", at, end)}`);
        messages.push(found);
        at = end;
      }
      return messages.length === 300;
    };
    await until(take);
    const [, priority, time, , app, , , id, data, text] = messages[7]!;
    // local0, error
    expect([priority, time, app, id]).toEqual(["131", "2026-01-02T03:04:05.678Z", "shop", "evenkeel@32473"]);
    expect(data).toContain('id="host-7"');
    expect(data).toContain(String.raw`fields="{\"quote\":\"\\\"\]\\\\\"}"`);
    expect(text).toBe("line 7 — “ü”\nsecond");
  },
  60_000,
);

test.skipIf(!openssl || !rsyslogd)(
  "rsyslog takes the messages over TLS as what they are",
  async () => {
    const { cert, key } = certificate();
    const port = await freePort();
    const log = join(folder, "received.log");
    writeFileSync(
      join(folder, "rsyslog.conf"),
      `global(workDirectory="${folder}" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${cert}"
  DefaultNetstreamDriverCertFile="${cert}" DefaultNetstreamDriverKeyFile="${key}" parser.escapeControlCharactersOnReceive="on")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
template(name="parts" type="string" string="%app-name%|%syslogfacility-text%.%syslogseverity-text%|%timereported:::date-rfc3339%|%structured-data%|%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${port}")
action(type="omfile" file="${log}" template="parts")
`,
    );
    const server = Bun.spawn(
      [rsyslogd!, "-n", "-f", join(folder, "rsyslog.conf"), "-i", join(folder, "pid")],
      {
        stdout: "ignore",
        stderr: "ignore",
      },
    );
    stops.push(async () => {
      server.kill();
      await server.exited;
    });
    const sent = shipper(port, readFileSync(cert, "utf8"));
    stops.push(() => sent.close());
    for (let tries = 0; ; tries++) {
      try {
        const opened = shipper(port, readFileSync(cert, "utf8"));
        await opened.send([], shop);
        opened.close();
        break;
      } catch (error) {
        if (tries > 200) throw error;
        await Bun.sleep(100);
      }
    }
    await sent.send(lines(300), shop);
    const written = () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []);
    await until(() => written().length >= 300);
    const parts = written().map((text) => text.split("|"));
    expect(parts).toHaveLength(300);
    expect(parts[7]!.slice(0, 3)).toEqual(["shop", "local0.err", "2026-01-02T03:04:05.678Z"]);
    expect(parts[7]![3]).toStartWith('[evenkeel@32473 id="host-7" environment="production"');
    expect(parts.map((one) => /line (\d+) — “ü”/.exec(one[4]!)?.[1])).toEqual(
      Array.from({ length: 300 }, (_, number) => String(number)),
    );
  },
  60_000,
);

async function freePort(): Promise<number> {
  const server = createPlainServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
