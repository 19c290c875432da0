import {
  type Alias,
  applyServingEntry,
  type DeploymentId,
  emptyServingState,
  type ServedDeployment,
  type ServedFlags,
  type ServedMode,
  type ServingEntry,
  type ServingState,
  servedFlagsKey,
} from "@evenkeel/model";

/**
 * What answers at a host name. Replaced as a whole when its alias moves, so a request sees one deployment from end to end. One object for all
 * names at which the same is answered: it and what is kept for it stay in the processor's cache, however many names take turns.
 */
export interface Site {
  deployment: ServedDeployment;
  /** Of the alias; undefined at a deployment's own immutable host. */
  previous: readonly DeploymentId[] | undefined;
  /** Who is answered by another site instead; undefined but during a canary. */
  split: Split | undefined;
}

/** The share of an alias's visitors that its canary answers. */
export interface Split {
  site: Site;
  /** 0 to 1. */
  share: number;
}

/** The serving state, indexed for requests: one `Map` look-up by host, however many aliases there are. */
export class ServingTable {
  private state: ServingState = emptyServingState();
  private readonly sites = new Map<string, Site>();
  /** Host → id of the deployment whose own name it is. */
  private readonly ownHosts = new Map<string, DeploymentId>();
  /** Sites of a deployment by the previous ones. */
  private readonly alike = new WeakMap<ServedDeployment, Map<string | undefined, Site>>();
  private readonly aliasesByDeployment = new Map<DeploymentId, Set<string>>();
  private readonly deploymentByFlagsKey = new Map<string, DeploymentId>();
  private readonly deploymentByTelemetryKey = new Map<string, DeploymentId>();

  get version(): number {
    return this.state.version;
  }

  /** For writing to disk; not to be changed. */
  get snapshot(): ServingState {
    return this.state;
  }

  /** What answers at `host` (lower case, without port); undefined where nothing does. */
  site(host: string): Site | undefined {
    return this.sites.get(host);
  }

  deployment(id: DeploymentId): ServedDeployment | undefined {
    return Object.hasOwn(this.state.deployments, id) ? this.state.deployments[id] : undefined;
  }

  /** Undefined where an app environment has declared none. */
  flags(of: Pick<ServedFlags, "app" | "environment">): ServedFlags | undefined {
    const key = servedFlagsKey(of);
    const { flags } = this.state;
    return flags && Object.hasOwn(flags, key) ? flags[key] : undefined;
  }

  /** Undefined where an app environment is not in maintenance. */
  maintenance(of: Pick<ServedFlags, "app" | "environment">): ServedMode | undefined {
    const { modes } = this.state;
    // Mostly nobody is, and no key has to be made.
    return modes?.[servedFlagsKey(of)];
  }

  /** Whose processes ask for flags with the key of this hash. */
  deploymentByFlags(keyHash: string): ServedDeployment | undefined {
    const id = this.deploymentByFlagsKey.get(keyHash);
    return id && this.deployment(id);
  }

  /** Whose processes send telemetry with the key of this hash. */
  deploymentByTelemetry(keyHash: string): ServedDeployment | undefined {
    const id = this.deploymentByTelemetryKey.get(keyHash);
    return id && this.deployment(id);
  }

  /** The deployments that may be asked for at all, for forgetting what belongs to removed ones. */
  get deploymentIds(): DeploymentId[] {
    return Object.keys(this.state.deployments) as DeploymentId[];
  }

  replace(state: ServingState): void {
    this.state = state;
    this.sites.clear();
    this.ownHosts.clear();
    this.aliasesByDeployment.clear();
    this.deploymentByFlagsKey.clear();
    this.deploymentByTelemetryKey.clear();
    for (const deployment of Object.values(state.deployments)) this.noteDeployment(deployment);
    for (const alias of Object.values(state.aliases)) this.noteAlias(alias);
    for (const host of [...this.ownHosts.keys(), ...Object.keys(state.aliases)]) this.index(host);
  }

  /** False when the entry was already applied. */
  apply(entry: ServingEntry): boolean {
    const before = new Map<string, Alias | undefined>();
    const hosts = new Set<string>();
    for (const change of entry.changes) {
      if ("put" in change) {
        if (change.put === "alias") {
          before.set(change.alias.host, this.state.aliases[change.alias.host]);
          hosts.add(change.alias.host);
        } else if (change.put === "deployment") {
          hosts.add(change.deployment.host);
          for (const host of this.aliasesByDeployment.get(change.deployment.id) ?? []) hosts.add(host);
        }
      } else if (change.remove === "alias") {
        before.set(change.host, this.state.aliases[change.host]);
        hosts.add(change.host);
      } else if (change.remove === "deployment") {
        const removed = this.deployment(change.id);
        if (removed) {
          hosts.add(removed.host);
          if (removed.flagsKeyHash) this.deploymentByFlagsKey.delete(removed.flagsKeyHash);
          if (removed.telemetryKeyHash) this.deploymentByTelemetryKey.delete(removed.telemetryKeyHash);
        }
        for (const host of this.aliasesByDeployment.get(change.id) ?? []) hosts.add(host);
      }
    }
    if (!applyServingEntry(this.state, entry)) return false;
    for (const [host, alias] of before)
      for (const id of alias ? deploymentsOf(alias) : []) this.aliasesByDeployment.get(id)?.delete(host);
    for (const change of entry.changes) {
      if ("put" in change && change.put === "alias") this.noteAlias(change.alias);
      else if ("put" in change && change.put === "deployment") this.noteDeployment(change.deployment);
      else if ("remove" in change && change.remove === "deployment")
        this.aliasesByDeployment.delete(change.id);
    }
    for (const host of hosts) this.index(host);
    return true;
  }

  private noteDeployment({ id, host, flagsKeyHash, telemetryKeyHash }: ServedDeployment): void {
    this.ownHosts.set(host, id);
    if (flagsKeyHash) this.deploymentByFlagsKey.set(flagsKeyHash, id);
    if (telemetryKeyHash) this.deploymentByTelemetryKey.set(telemetryKeyHash, id);
  }

  private noteAlias(alias: Alias): void {
    for (const id of deploymentsOf(alias)) {
      const hosts = this.aliasesByDeployment.get(id);
      if (hosts) hosts.add(alias.host);
      else this.aliasesByDeployment.set(id, new Set([alias.host]));
    }
  }

  /** An alias wins over a deployment's own name; either needs its deployment. */
  private index(host: string): void {
    const alias = Object.hasOwn(this.state.aliases, host) ? this.state.aliases[host] : undefined;
    const own = this.ownHosts.get(host);
    const aliased = alias && this.deployment(alias.deployment);
    const owning = own && this.deployment(own);
    if (own && !owning) this.ownHosts.delete(host);
    if (aliased) this.sites.set(host, this.aliasedSite(aliased, alias));
    else if (owning) this.sites.set(host, this.siteOf(owning, undefined));
    else this.sites.delete(host);
  }

  /** Pages of either side load their hashed files from it, also after their visitor has come to the other one. */
  private aliasedSite(deployment: ServedDeployment, { previous, canary }: Alias): Site {
    const other = canary && this.deployment(canary.deployment);
    if (!other) return this.siteOf(deployment, previous);
    return this.siteOf(deployment, [other.id, ...previous], {
      site: this.siteOf(other, [deployment.id, ...previous]),
      share: canary.share,
    });
  }

  private siteOf(
    deployment: ServedDeployment,
    previous: readonly DeploymentId[] | undefined,
    split?: Split,
  ): Site {
    let alike = this.alike.get(deployment);
    if (!alike) {
      alike = new Map();
      this.alike.set(deployment, alike);
    }
    const key = split ? `${previous?.join()} ${split.share}` : previous?.join();
    let site = alike.get(key);
    // A canary that was put anew is another object, and what its site leads to must be that.
    if (!site || site.split?.site !== split?.site) {
      site = { deployment, previous, split };
      alike.set(key, site);
    }
    return site;
  }
}

const deploymentsOf = ({ deployment, canary }: Alias): DeploymentId[] =>
  canary ? [deployment, canary.deployment] : [deployment];
