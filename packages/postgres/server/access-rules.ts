/** What a standby comes as: its server has no account of the platform's. */
export const replicationRole = "evenkeel_standby";

/**
 * `pg_hba.conf`: the superuser comes over the socket only and by who he is for the kernel (the account that runs
 * the platform), so there is no superuser password that could leak. Everyone else brings a SCRAM password.
 * https://www.postgresql.org/docs/18/auth-peer.html
 */
export function accessRules(superuser: string): string {
  return [
    `local   all          ${superuser}               peer map=platform`,
    `local   replication  ${superuser}               peer map=platform`,
    `local   replication  ${replicationRole}       scram-sha-256`,
    `host    all          ${superuser}  all          reject`,
    "local   all          all                    scram-sha-256",
    "host    all          all       127.0.0.1/32  scram-sha-256",
    "host    all          all       ::1/128       scram-sha-256",
    "",
  ].join("\n");
}

/** `pg_ident.conf`: which accounts of the machine are the superuser. */
export function identityMap(superuser: string, accounts: string[]): string {
  return accounts.map((account) => `platform  "${account}"  ${superuser}\n`).join("");
}

/**
 * The name the server will see for the account of our peers on the socket. Asked of `id`: `os.userInfo()` goes by `$USER`
 * under Bun, and `/etc/passwd` does not list the users of macOS.
 */
export function platformAccountName(): string {
  return Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
}
