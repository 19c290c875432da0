import { InvalidValueError } from "../errors.ts";

/**
 * Where everything stands under the data directory (`EVENKEEL_HOME`, default `~/.evenkeel`). One writer per path.
 *
 * Unix socket paths must stay under 104 bytes (macOS) with instance names of up to 40: a long home gets its `run`
 * folder elsewhere, chosen by `runDir` of the caller's platform layer and given here.
 */
export interface HomeLayout {
  home: string;
  /** Domain, port, number of edges: `PlatformConfig`, written by `up`. */
  config: string;
  /** 0700; never visible to a build or an instance; in the archive only sealed with the recovery key, which is never there itself. */
  keys: string;
  masterKey: string;
  apiToken: string;
  /** Signs the cookies of people's sessions and encrypts their second factors. */
  peopleKey: string;
  /** Signs what instances show to the cache service; see `cacheToken`. */
  cacheKey: string;
  /** Credentials that the sandbox's twins give out follow from it. */
  sandboxKey: string;
  /** Of the sandbox for the providers' host names; see `sandbox-protocol.ts`. */
  sandboxCertificate: string;
  /** Opens the platform's own archive, and with it everything else. */
  recoveryKey: string;
  /** There once a person has taken the recovery key out. */
  recoveryKeyExported: string;
  /** Where archives are, with its credentials; absent: in `backups`. */
  archivePlace: string;
  /** Makes marks of addresses in logs: the same value has the same mark; see `Redactor` of `@evenkeel/logs`. */
  logMarksKey: string;
  /** Where they were before. */
  formerArchivePlaces: string;
  /** Signs what control says of scheduled calls to edges; see `signScheduleCall`. */
  scheduleKey: string;
  /** Marks the requests by which control looks at apps; see `probeMark`. */
  probeKey: string;
  run: string;
  /** Written by the scheduler after each of its rounds; the supervisor sees it stand still. */
  schedulerBeat: string;
  feedSocket: string;
  hostSocket: string;
  controlSocket: string;
  supervisorSocket: string;
  /** The keeper of apps' databases; see `databases-protocol.ts`. */
  databasesSocket: string;
  /** The sandbox's own API. */
  sandboxSocket: string;
  /** Unix sockets of apps' PostgreSQL servers, told apart by their ports. */
  databaseServerSockets: string;
  /** One socket per edge; bind-mounted into instances. See `cache-protocol.ts`. */
  cacheSockets: string;
  /** Unix sockets of instances. */
  instanceSockets: string;
  /** Signals: `signals-protocol.ts`, and where they are kept. */
  signalsSocket: string;
  signals: string;
  toolchain: string;
  /** The console's pages as they were built, one folder per version, and which are served: `ConsoleBuilds`. */
  consoleBuilds: string;
  console: string;
  artifacts: string;
  artifactFiles: string;
  artifactOutputs: string;
  artifactTrees: string;
  /** Lists of services' files; see `Slug`. */
  artifactSlugs: string;
  builds: string;
  uploads: string;
  git: string;
  /** Last known serving state of edges and host, for starts while control is away. */
  serving: string;
  /** Prerenders that were rendered again, and optimised images. */
  cache: string;
  logs: string;
  /** Status pages as files, which edges serve: `<app>/index.html`; `_all` is the joint one. */
  statusPages: string;
  /** Buckets of apps: `<app>/<environment>`. */
  blobs: string;
  /** S3 for apps, through the edges, and what control asks of it. */
  blobsSocket: string;
  blobsAdminSocket: string;
  /** Clusters: `control`, and one per app environment in `apps/<app>/<environment>`. */
  postgres: string;
  /** Archives, unless they are elsewhere: of apps' databases in `<app>/<environment>/<database id>`, the platform's own in `_platform`. */
  backups: string;
  /** Traces, analytics and spending of apps; see `telemetry-protocol.ts`. */
  telemetry: string;
  telemetrySocket: string;
  /** State of the twins of outside providers. */
  sandbox: string;
  /** How instances reach them: `SandboxRoutes`. */
  sandboxRoutes: string;
}

export function homeLayout(home: string, run: string = `${home}/run`): HomeLayout {
  return {
    home,
    config: `${home}/config.json`,
    keys: `${home}/keys`,
    masterKey: `${home}/keys/master.key`,
    apiToken: `${home}/keys/api-token`,
    peopleKey: `${home}/keys/people.key`,
    cacheKey: `${home}/keys/cache.key`,
    sandboxKey: `${home}/keys/sandbox.key`,
    sandboxCertificate: `${home}/keys/sandbox-certificate.json`,
    recoveryKey: `${home}/keys/recovery.key`,
    recoveryKeyExported: `${home}/keys/recovery-key-exported`,
    archivePlace: `${home}/keys/archive-place.json`,
    logMarksKey: `${home}/keys/log-marks.key`,
    formerArchivePlaces: `${home}/keys/former-archive-places.json`,
    scheduleKey: `${home}/keys/schedule.key`,
    probeKey: `${home}/keys/probe.key`,
    run,
    schedulerBeat: `${run}/scheduler.beat`,
    feedSocket: `${run}/feed.sock`,
    hostSocket: `${run}/host.sock`,
    controlSocket: `${run}/control.sock`,
    supervisorSocket: `${run}/supervisor.sock`,
    databasesSocket: `${run}/databases.sock`,
    sandboxSocket: `${run}/sandbox.sock`,
    databaseServerSockets: `${run}/db`,
    cacheSockets: `${run}/cache`,
    instanceSockets: `${run}/i`,
    signalsSocket: `${run}/signals.sock`,
    signals: `${home}/signals`,
    toolchain: `${home}/toolchain`,
    consoleBuilds: `${home}/toolchain/console`,
    console: `${home}/console.json`,
    artifacts: `${home}/artifacts`,
    artifactFiles: `${home}/artifacts/files`,
    artifactOutputs: `${home}/artifacts/outputs`,
    artifactTrees: `${home}/artifacts/trees`,
    artifactSlugs: `${home}/artifacts/slugs`,
    builds: `${home}/builds`,
    uploads: `${home}/uploads`,
    git: `${home}/git`,
    serving: `${home}/serving`,
    cache: `${home}/cache`,
    logs: `${home}/logs`,
    statusPages: `${home}/status`,
    blobs: `${home}/blobs`,
    blobsSocket: `${run}/blobs.sock`,
    blobsAdminSocket: `${run}/blobs-admin.sock`,
    postgres: `${home}/postgres`,
    backups: `${home}/backups`,
    telemetry: `${home}/telemetry`,
    telemetrySocket: `${run}/telemetry.sock`,
    sandbox: `${home}/sandbox`,
    sandboxRoutes: `${home}/sandbox/routes.json`,
  };
}

/** `config.json`. */
export interface PlatformConfig {
  /** Names of apps end in it; default `localhost`. */
  domain: string;
  /** TCP port of the edges; default 7080. */
  port: number;
  /** Address the edges listen on; default `127.0.0.1`. */
  address: string;
  /** Number of edge processes; default one per core. */
  edges: number;
}

export const artifactFilePath = (layout: HomeLayout, hash: string): string =>
  `${layout.artifactFiles}/${hash.slice(0, 2)}/${hash}`;
export const outputPath = (layout: HomeLayout, id: string): string => `${layout.artifactOutputs}/${id}.json`;
export const slugPath = (layout: HomeLayout, id: string): string => `${layout.artifactSlugs}/${id}.json`;
export const functionTreePath = (layout: HomeLayout, id: string): string => `${layout.artifactTrees}/${id}`;

/**
 * The layout as the supervisor tells it to the platform's processes: `EVENKEEL_HOME`, and `EVENKEEL_RUN` where the
 * sockets stand elsewhere. Pure: the caller gives its environment.
 */
export function layoutFromEnvironment(environment: Record<string, string | undefined>): HomeLayout {
  const home = environment["EVENKEEL_HOME"];
  if (!home) {
    throw new InvalidValueError("EVENKEEL_HOME is not set", {
      hint: "The platform's processes are started by `evenkeel up`.",
    });
  }
  return homeLayout(home, environment["EVENKEEL_RUN"] || undefined);
}
