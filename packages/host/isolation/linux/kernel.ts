import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { KernelRefusedError } from "../../errors.ts";

/**
 * The few system calls that a private root needs and Bun does not offer, by its FFI: mount(2), pivot_root(2), setns(2), open_tree(2),
 * move_mount(2), prlimit(2), sched_setscheduler(2). Beside the spawn of mount(8) or nsenter(8), 2 ms each, they cost microseconds, and an instance is
 * placed on the way of a waiting request.
 */
const { i32, i64, u64, pointer } = FFIType;

type Libc = ReturnType<typeof openLibc>;
let opened: Libc | undefined;

function openLibc() {
  const symbols = {
    mount: { args: [pointer, pointer, pointer, u64, pointer], returns: i32 },
    umount2: { args: [pointer, i32], returns: i32 },
    pivot_root: { args: [pointer, pointer], returns: i32 },
    unshare: { args: [i32], returns: i32 },
    setns: { args: [i32, i32], returns: i32 },
    fchdir: { args: [i32], returns: i32 },
    chdir: { args: [pointer], returns: i32 },
    prlimit: { args: [i32, i32, pointer, pointer], returns: i32 },
    syscall: { args: [i64, i64, i64, i64, i64, i64], returns: i64 },
    __errno_location: { args: [], returns: pointer },
  } as const;
  try {
    return dlopen("libc.so.6", symbols).symbols;
  } catch {
    return dlopen(`libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, symbols).symbols;
  }
}

/** @throws if the C library cannot be loaded; only on Linux. */
export function libc(): Libc {
  opened ??= openLibc();
  return opened;
}

export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  remount: 32,
  bind: 4096,
  move: 8192,
  recursive: 16384,
} as const;

const cString = (text: string): Buffer => Buffer.from(`${text}\0`);

function check(result: number | bigint, action: string): number {
  if (Number(result) >= 0) return Number(result);
  const errno = read.i32(libc().__errno_location()!, 0);
  throw new KernelRefusedError(`${action} was refused by the kernel (errno ${errno})`);
}

export function mount(
  source: string | undefined,
  target: string,
  type: string | undefined,
  flags: number,
  data?: string,
): void {
  const optional = (text: string | undefined) => (text === undefined ? null : cString(text));
  check(
    libc().mount(optional(source), cString(target), optional(type), BigInt(flags), optional(data)),
    `Mounting ${target}`,
  );
}

/** Detached at once; gone when its last user is. */
export function unmount(target: string): void {
  const detach = 2;
  check(libc().umount2(cString(target), detach), `Unmounting ${target}`);
}

/** Makes `folder`, a mount point, the root of the current mount namespace; everything else disappears from it. */
export function pivotTo(folder: string): void {
  check(libc().chdir(cString(folder)), `Entering ${folder}`);
  // pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one and taken off.
  const here = cString(".");
  check(libc().pivot_root(here, here), `Changing the root to ${folder}`);
  unmount(".");
  check(libc().chdir(cString("/")), "Entering the new root");
}

// The numbers of newer system calls are the same on every architecture.
const openTreeNumber = 428n;
const moveMountNumber = 429n;
const currentFolder = -100n;

/** A detached copy of the mount at `path` (with what is mounted below), to be put into another namespace by `attachTree`. Must be closed. */
export function openTree(path: string): number {
  const clone = 1;
  const closeOnExec = 0o2000000;
  const recursive = 0x8000;
  const name = cString(path);
  return check(
    libc().syscall(
      openTreeNumber,
      currentFolder,
      BigInt(ptr(name)),
      BigInt(clone | closeOnExec | recursive),
      0n,
      0n,
    ),
    `Taking the tree ${path}`,
  );
}

export function attachTree(tree: number, target: string, flags: number): void {
  const emptyPath = 4n;
  const empty = cString("");
  const name = cString(target);
  check(
    libc().syscall(
      moveMountNumber,
      BigInt(tree),
      BigInt(ptr(empty)),
      currentFolder,
      BigInt(ptr(name)),
      emptyPath,
    ),
    `Attaching a tree at ${target}`,
  );
  mount(undefined, target, undefined, mountFlags.bind | mountFlags.remount | flags);
}

const newMountNamespace = 0x20000;
const shareFiles = 0x200;
let ownNamespace: number | undefined;

/**
 * Runs `work` with the main thread in another mount namespace: every path means a path in there, symbolic links included. `work`
 * must be synchronous.
 *
 * Other threads stay outside. A thread that the runtime starts meanwhile would share this thread's root and forbid setns(2); so
 * the sharing is undone before each change.
 */
export function insideMountNamespace<Result>(namespace: number, work: () => Result): Result {
  ownNamespace ??= openSync("/proc/self/ns/mnt", "r");
  const folder = openSync(".", "r");
  const enter = (file: number) => {
    check(libc().unshare(shareFiles), "Separating the main thread");
    check(libc().setns(file, newMountNamespace), "Entering a mount namespace");
  };
  enter(namespace);
  try {
    return work();
  } finally {
    try {
      enter(ownNamespace);
    } catch (error) {
      // With a foreign root nothing that this process does is right any more; its supervisor starts it again.
      console.error("The host cannot leave the mount namespace of an instance", error);
      process.kill(process.pid, "SIGKILL");
    }
    libc().fchdir(folder);
    closeSync(folder);
  }
}

const resources = { core: 4, openFiles: 7 } as const;

/** Sets the soft and hard limit of another process, never above its present hard one; its later children inherit it. */
export function limitResource(pid: number, resource: keyof typeof resources, limit: number): void {
  const action = `Limiting the ${resource} of process ${pid}`;
  const present = new BigUint64Array(2);
  check(libc().prlimit(pid, resources[resource], null, present), action);
  const wanted = BigInt(limit) < present[1]! ? BigInt(limit) : present[1]!;
  check(libc().prlimit(pid, resources[resource], new BigUint64Array([wanted, wanted]), null), action);
}

const setSchedulerNumbers: Partial<Record<NodeJS.Architecture, bigint>> = { x64: 144n, arm64: 119n };

/**
 * Puts another process and its later children into the scheduler's class `SCHED_BATCH` (sched(7)): they get the same share of the
 * processor, but their waking up does not interrupt whoever runs. Where the kernel refuses, they stay as they are. Not by the C library:
 * musl has no such function.
 */
export function scheduleInBatches(pid: number): void {
  const number = setSchedulerNumbers[process.arch];
  const batch = 3n;
  const priority = new Int32Array([0]);
  if (number !== undefined) libc().syscall(number, BigInt(pid), batch, BigInt(ptr(priority)), 0n, 0n);
}
