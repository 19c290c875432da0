import {
  type EnvironmentName,
  InvalidValueError,
  type SandboxRoutes,
  usualSandboxEnvironments,
} from "@evenkeel/model";
import type { AccountFinder, Provider } from "../provider/provider.ts";
import { Collection } from "../store/collection.ts";
import type { Store } from "../store/store.ts";
import type { EdgeAddress } from "../webhooks/deliver.ts";
import { Account, type AccountName, type AccountRecord, accountKey } from "./account.ts";

export interface AccountRegistryParts {
  store: Store;
  edge: EdgeAddress;
  masterKey: Uint8Array;
  providers: ReadonlyMap<string, Provider>;
  /** Of the sandbox's own port. */
  base(): string;
  /** Of a twin's own listener. */
  port(provider: string): number;
}

/** Every account of this machine. */
export class AccountRegistry implements AccountFinder {
  private readonly records: Collection<AccountRecord>;
  private readonly accounts = new Map<string, Account>();
  private readonly byIdentifier = new Map<string, Account>();

  constructor(private readonly parts: AccountRegistryParts) {
    this.records = new Collection<AccountRecord>(parts.store, "", "accounts", Number.POSITIVE_INFINITY);
    for (const record of this.records.values()) this.open(record);
  }

  list(): Account[] {
    return [...this.accounts.values()];
  }

  get(name: AccountName): Account | undefined {
    return this.accounts.get(accountKey(name));
  }

  /** Makes it where it is missing. */
  ensure(name: AccountName): Account {
    const known = this.get(name);
    if (known) return known;
    const record: AccountRecord = {
      app: name.app,
      environment: name.environment,
      seed: accountKey(name),
      speed: 1,
      enabled: usualSandboxEnvironments.has(name.environment),
      lastSequence: 0,
      timeMs: Date.now(),
      realMs: Date.now(),
      counters: {},
    };
    this.records.put(accountKey(record), record);
    return this.open(record);
  }

  /** Those that somebody has enabled or disabled against what is usual. */
  exceptions(): Pick<SandboxRoutes, "enabled" | "disabled"> {
    const keys = (enabled: boolean) =>
      this.list()
        .filter(
          ({ record }) =>
            record.enabled === enabled && usualSandboxEnvironments.has(record.environment) !== enabled,
        )
        .map(({ key }) => key);
    return { enabled: keys(true), disabled: keys(false) };
  }

  /** Forgets an account, or all of an app. */
  remove(app: string, environment?: EnvironmentName): void {
    for (const account of this.list()) {
      const { record } = account;
      if (record.app !== app || (environment !== undefined && record.environment !== environment)) continue;
      account.stop();
      this.accounts.delete(account.key);
      for (const [identifier, owner] of this.byIdentifier) {
        if (owner === account) this.byIdentifier.delete(identifier);
      }
      this.records.delete(account.key);
      this.parts.store.removeAccount(account.key);
    }
  }

  find(provider: string, identifier: string): Account | undefined {
    return this.byIdentifier.get(`${provider}\n${identifier}`);
  }

  stop(): void {
    for (const account of this.accounts.values()) account.stop();
  }

  private open(record: AccountRecord): Account {
    const { store, edge, masterKey, providers, base, port } = this.parts;
    const save = () => {
      if (this.accounts.has(accountKey(record))) this.records.put(accountKey(record), record);
    };
    const account = new Account(record, { store, edge, masterKey, providers, base, port, save });
    this.accounts.set(account.key, account);
    for (const provider of providers.values()) {
      for (const identifier of provider.identifiers(account)) {
        const key = `${provider.name}\n${identifier}`;
        if (this.byIdentifier.has(key))
          throw new InvalidValueError(`Two accounts of ${provider.title} have one identifier`);
        this.byIdentifier.set(key, account);
      }
    }
    return account;
  }
}
