import { cellPaths } from "./cell-paths.ts";

/** What the machine has, as far as a private root depends on it. */
export interface MachineFacts {
  /** Top-level folders that hold programs and libraries (`/bin`, `/lib64`, ...): a link's target, or `null` for a real folder. */
  systemFolders: Record<string, string | null>;
  /** Those entries of `sharedSettings` and `copiedSettings` that exist. */
  settings: ReadonlySet<string>;
}

interface CommonWish {
  runtimeFolder: string;
  /** Folders that must not be seen even where they lie below a system folder: the data directory, the sockets. */
  hiddenFolders: string[];
}

export interface RootWish extends CommonWish {
  launcherPath: string;
  socketFolder: string;
  cacheSocketFolder: string;
}

export interface ServiceRootWish extends CommonWish {
  tree: string;
  /** Below `tree`: the folders in which the app may make files. */
  writableFolders: string[];
  owner: { uid: number; gid: number };
  /** Name → folder. */
  tools: Record<string, string>;
}

export type RootStep =
  | { step: "folder"; path: string; mode?: number }
  | { step: "link"; path: string; target: string }
  | { step: "copy"; path: string; source: string }
  | {
      step: "bind";
      path: string;
      source: string;
      kind: "folder" | "file";
      access: "read" | "write" | "device";
    }
  | { step: "memory"; path: string; sizeBytes: number; files: number; mode: number; programs: boolean }
  /** `lower` with a layer in memory above it, which takes what is written. */
  | {
      step: "overlay";
      path: string;
      lower: string;
      layers: string;
      sizeBytes: number;
      files: number;
      owner: { uid: number; gid: number };
      writableFolders: string[];
    }
  | { step: "hide"; path: string };

/** Folders and files of /etc that are bound as they are: certificates, fonts, the linker's and the alternatives' links. */
export const sharedSettings: Readonly<Record<string, "file" | "folder">> = {
  alternatives: "folder",
  "ca-certificates": "folder",
  "crypto-policies": "folder",
  fonts: "folder",
  "ld.so.cache": "file",
  localtime: "file",
  "mime.types": "file",
  "os-release": "file",
  pki: "folder",
  protocols: "file",
  services: "file",
  "ssl/certs": "folder",
  "ssl/openssl.cnf": "file",
  "ssl/cert.pem": "file",
  timezone: "file",
};
/** Copied, since their programs replace them by renaming: a bind would keep showing the old file. */
export const copiedSettings = ["gai.conf", "host.conf", "hosts", "nsswitch.conf", "resolv.conf"];
export const systemFolderNames = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
const devices = ["null", "zero", "full", "random", "urandom", "tty"];

const mebibyte = 1024 * 1024;
/** `/tmp` of a Vercel Function holds 500 MB (https://vercel.com/docs/functions/runtimes#file-system-support). */
export const temporaryBytes = 512 * mebibyte;
export const sharedMemoryBytes = 64 * mebibyte;
export const codeBytes = 64 * mebibyte;
/** What a process of services may write beside its files; it counts to its memory. */
const layerBytes = 512 * mebibyte;

/**
 * A private root, as steps to be taken in an empty folder in memory that becomes the root: programs and libraries of the machine
 * read-only, a few settings, own temporary folders with a size, and nothing else of the machine.
 */
export function planRoot(facts: MachineFacts, wish: RootWish): RootStep[] {
  return [
    ...planCommon(facts, wish),
    bindStep(wish.socketFolder, cellPaths.sockets, "folder", "write"),
    bindStep(wish.cacheSocketFolder, cellPaths.cacheSockets, "folder"),
    { step: "folder", path: cellPaths.task },
    memoryStep(cellPaths.code, codeBytes, 8_192, 0o700),
    bindStep(wish.runtimeFolder, cellPaths.runtime, "folder"),
    bindStep(wish.launcherPath, cellPaths.launcher, "file"),
  ];
}

/** A private root for a process of an app's services: the app's whole folder, in which it may write what is gone with the process. */
export function planServiceRoot(facts: MachineFacts, wish: ServiceRootWish): RootStep[] {
  const { tree, writableFolders, owner } = wish;
  return [
    ...planCommon(facts, wish),
    bindStep(wish.runtimeFolder, cellPaths.runtime, "folder"),
    ...Object.entries(wish.tools).map(([name, folder]) =>
      bindStep(folder, `${cellPaths.tools}/${name}`, "folder"),
    ),
    {
      step: "overlay",
      path: cellPaths.app,
      lower: tree,
      layers: cellPaths.layers,
      ...{ sizeBytes: layerBytes, files: 65_536, owner, writableFolders },
    },
  ];
}

const bindStep = (
  source: string,
  path: string,
  kind: "folder" | "file",
  access: "read" | "write" = "read",
): RootStep => ({ step: "bind", source, path, kind, access });

const memoryStep = (
  path: string,
  sizeBytes: number,
  files: number,
  mode: number,
  programs = false,
): RootStep => ({ step: "memory", path, sizeBytes, files, mode, programs });

function planCommon(facts: MachineFacts, wish: CommonWish): RootStep[] {
  const steps: RootStep[] = [];
  const bind = (source: string, path: string, kind: "folder" | "file") =>
    steps.push(bindStep(source, path, kind));

  bind("/usr", "/usr", "folder");
  for (const [name, target] of Object.entries(facts.systemFolders)) {
    if (target === null) bind(`/${name}`, `/${name}`, "folder");
    else steps.push({ step: "link", path: `/${name}`, target });
  }
  const visible = ["/usr", ...Object.keys(facts.systemFolders).map((name) => `/${name}`)];
  for (const path of wish.hiddenFolders) {
    if (visible.some((folder) => `${path}/`.startsWith(`${folder}/`))) steps.push({ step: "hide", path });
  }

  steps.push({ step: "folder", path: "/etc" });
  for (const name of copiedSettings) {
    if (facts.settings.has(name)) steps.push({ step: "copy", source: `/etc/${name}`, path: `/etc/${name}` });
  }
  for (const [name, kind] of Object.entries(sharedSettings)) {
    if (facts.settings.has(name)) bind(`/etc/${name}`, `/etc/${name}`, kind);
  }
  // The app's uid is known only when a function moves in.
  for (const name of ["passwd", "group"]) {
    steps.push({ step: "link", path: `/etc/${name}`, target: `${cellPaths.accounts}/${name}` });
  }

  steps.push({ step: "folder", path: "/dev" });
  for (const name of devices) {
    steps.push({
      step: "bind",
      source: `/dev/${name}`,
      path: `/dev/${name}`,
      kind: "file",
      access: "device",
    });
  }
  steps.push({ step: "link", path: "/dev/fd", target: "/proc/self/fd" });
  for (const [descriptor, name] of ["stdin", "stdout", "stderr"].entries()) {
    steps.push({ step: "link", path: `/dev/${name}`, target: `/proc/self/fd/${descriptor}` });
  }

  steps.push(
    memoryStep("/dev/shm", sharedMemoryBytes, 4_096, 0o1777),
    // Programs may be run from /tmp: apps unpack a browser there.
    memoryStep("/tmp", temporaryBytes, 65_536, 0o1777, true),
    memoryStep("/run/evenkeel", mebibyte, 64, 0o755),
    { step: "folder", path: cellPaths.accounts },
    { step: "link", path: "/var/tmp", target: "/tmp" },
  );
  return steps;
}
