import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withSession } from "@evenkeel/postgres/client/session";
import { defaultServerAccount, type ServerAccount } from "@evenkeel/postgres/server/server-account";
import type { Client, ClientConfig } from "pg";
import type { Bench } from "../bench.ts";
import { makeOrders } from "../databases/order-table.ts";
import { workerCount } from "../databases/restore-point.ts";
import { PeerFailedError, ToolMissingError } from "../errors.ts";
import { toolPath, toolVersion } from "../machine/tools.ts";

const debianServers = "/usr/lib/postgresql";
const port = 5432;
const readyLimitMs = 300_000;

/**
 * pgBackRest over Debian's PostgreSQL: zstd at level 1, AES-256, as many processes as Evenkeel has threads, WAL pushed and
 * fetched asynchronously ahead of need, repository in a folder on the same disk.
 */
export class PgBackRest {
  private readonly account: ServerAccount | undefined = defaultServerAccount();
  private readonly binaries = newestServer();

  private constructor(private readonly folder: string) {}

  static async start(bench: Bench, sizeMb: number): Promise<PgBackRest> {
    const peer = new PgBackRest(bench.makeFolder("pgbackrest"));
    bench.versions["pgBackRest"] = toolVersion("pgbackrest");
    bench.versions["PostgreSQL of Debian"] = peer.serverVersion();
    bench.step(`Filling the peer's database of ${sizeMb} MB`);
    peer.prepare();
    bench.resources.defer(() => peer.stop("data"));
    await peer.serve("data", ["wal_level=minimal", "max_wal_senders=0", "fsync=off", "shared_buffers=512MB"]);
    await peer.session((client) => makeOrders(client, sizeMb));
    await peer.stop("data");
    await peer.serve("data", [
      "archive_mode=on",
      `archive_command=${peer.pgbackrest().join(" ")} archive-push %p`,
    ]);
    peer.run([...peer.pgbackrest(), "stanza-create"]);
    return peer;
  }

  session<Result>(work: (client: Client) => Promise<Result>, name = "data"): Promise<Result> {
    return withSession(this.connection(name), work);
  }

  /** Returns when a backup begun now would find all WAL archived. */
  async flush(): Promise<void> {
    await this.session((client) => client.query("SELECT pg_switch_wal()"));
    this.run([...this.pgbackrest(), "check"]);
  }

  backUp(): void {
    this.run([...this.pgbackrest(), "--type=full", "--start-fast", "--no-expire-auto", "backup"]);
  }

  /** Of all backups but the newest, so that the disk holds one. */
  forgetBackups(): void {
    this.run([...this.pgbackrest(), "--repo1-retention-full=1", "expire"]);
  }

  /** Returns once the restored server is writable and has answered `query`; it is stopped and removed then. */
  async restore(to: string, query: string): Promise<{ tookMs: number; row: Record<string, unknown> }> {
    const beginMs = performance.now();
    const target = ["--type=time", `--target=${to}`, "--target-action=promote", "--archive-mode=off"];
    this.makeFolder("restored");
    this.run([...this.pgbackrest(), `--pg1-path=${this.folder}/restored`, ...target, "restore"]);
    try {
      await this.serve("restored");
      while (await this.inRecovery("restored")) await Bun.sleep(5);
      const { rows } = await this.session((client) => client.query(query), "restored");
      return { tookMs: performance.now() - beginMs, row: rows[0] };
    } finally {
      await this.stop("restored");
      rmSync(join(this.folder, "restored"), { recursive: true, force: true });
    }
  }

  private prepare(): void {
    for (const name of ["data", "repository", "spool", "log", "lock", "s-data", "s-restored"])
      this.makeFolder(name);
    const configuration = `[global]
repo1-path=${this.folder}/repository
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=kept-only-while-this-is-measured
compress-type=zst
compress-level=1
process-max=${workerCount}
archive-async=y
spool-path=${this.folder}/spool
log-path=${this.folder}/log
lock-path=${this.folder}/lock
log-level-console=off
log-level-stderr=warn

[main]
pg1-path=${this.folder}/data
pg1-port=${port}
pg1-socket-path=${this.folder}/s-data
`;
    writeFileSync(join(this.folder, "pgbackrest.conf"), configuration, { mode: 0o644 });
    this.run([
      join(this.binaries, "initdb"),
      `--pgdata=${this.folder}/data`,
      "--username=postgres",
      "--auth=trust",
      "--data-checksums",
      "--encoding=UTF8",
      "--locale=C",
    ]);
  }

  private makeFolder(name: string): void {
    const folder = join(this.folder, name);
    mkdirSync(folder, { mode: 0o700 });
    if (this.account) chownSync(folder, this.account.uid, this.account.gid);
  }

  private pgbackrest(): string[] {
    return [toolPath("pgbackrest"), `--config=${this.folder}/pgbackrest.conf`, "--stanza=main"];
  }

  private connection(name: string): ClientConfig {
    return { host: join(this.folder, `s-${name}`), port, user: "postgres", database: "postgres" };
  }

  private async inRecovery(name: string): Promise<boolean> {
    const { rows } = await this.session(
      (client) => client.query("SELECT pg_is_in_recovery() AS still"),
      name,
    );
    return rows[0].still;
  }

  /** Debian's settings, but for `settings`; nobody comes in by the network. */
  private async serve(name: string, settings: string[] = []): Promise<void> {
    const all = [
      "listen_addresses=",
      `port=${port}`,
      `unix_socket_directories=${this.folder}/s-${name}`,
      ...settings,
    ];
    const options = all.map((setting) => `-c ${setting.replaceAll(/([ \\])/g, "\\$1")}`).join(" ");
    const log = join(this.folder, "log", `${name}.log`);
    const wait = ["--wait", `--timeout=${readyLimitMs / 1_000}`];
    this.run([
      this.control,
      "start",
      "-D",
      join(this.folder, name),
      `--log=${log}`,
      `--options=${options}`,
      ...wait,
    ]);
  }

  private async stop(name: string): Promise<void> {
    if (!existsSync(join(this.folder, name, "postmaster.pid"))) return;
    this.run([this.control, "stop", "-D", join(this.folder, name), "--mode=fast", "--wait"]);
  }

  private get control(): string {
    return join(this.binaries, "pg_ctl");
  }

  private serverVersion(): string {
    const { stdout } = Bun.spawnSync([join(this.binaries, "postgres"), "--version"]);
    return /\d+\.\d+/.exec(stdout.toString())?.[0] ?? "unknown";
  }

  /** As the account of the server. */
  private run(command: string[]): void {
    const { success, stderr, stdout } = Bun.spawnSync(command, {
      ...{ cwd: "/", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } },
      ...this.account,
    });
    if (success) return;
    throw new PeerFailedError(
      `${command.at(-1)} of the peer failed: ${`${stderr}${stdout}`.trim().slice(-500)}`,
    );
  }
}

/** @throws ToolMissingError */
function newestServer(): string {
  const versions = existsSync(debianServers)
    ? readdirSync(debianServers)
        .map(Number)
        .sort((a, b) => a - b)
    : [];
  const newest = versions.findLast((version) => existsSync(`${debianServers}/${version}/bin/initdb`));
  if (newest !== undefined) return `${debianServers}/${newest}/bin`;
  throw new ToolMissingError("Debian's PostgreSQL is not installed, but pgBackRest is measured on it", {
    hint: "On Debian: apt-get install postgresql",
  });
}
