import { FFIType, type Pointer, ptr, read } from "bun:ffi";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { openLibc } from "../native/libc.ts";
import type { Isolation, RoomMount } from "./room-spec.ts";

/** <sys/mount.h>, <linux/prctl.h>, <sys/resource.h> */
const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const RLIMIT_FSIZE = 1;
const RLIMIT_CORE = 4;
const lastCapability = 63;

const { i32, u64, ptr: pointer } = FFIType;
const { symbols: libc } = openLibc({
  mount: { args: [pointer, pointer, pointer, u64, pointer], returns: i32 },
  umount2: { args: [pointer, i32], returns: i32 },
  pivot_root: { args: [pointer, pointer], returns: i32 },
  sethostname: { args: [pointer, u64], returns: i32 },
  setgroups: { args: [u64, pointer], returns: i32 },
  setrlimit: { args: [i32, pointer], returns: i32 },
  prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  __errno_location: { args: [], returns: pointer },
});

/**
 * Makes this process' mount namespace into the room, and leaves it without a way back: the old root is gone from it, capabilities
 * can be gained no more. Runs as root in namespaces of its own; the command is started as another user afterwards.
 */
export function enterRoom({ root, mounts }: Isolation): void {
  mount(null, "/", null, MS_REC | MS_PRIVATE);
  mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m");
  for (const one of mounts) furnish(root, one);
  process.chdir(root);
  // pivot_root(2), "pivot_root(".", ".")": the old root comes to lie over the new one and is detached.
  done(libc.pivot_root(text("."), text(".")), "pivot_root");
  done(libc.umount2(text("."), MNT_DETACH), "umount of the old root");
  process.chdir("/");
  mount(null, "/", null, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV);
  done(libc.sethostname(text("build"), 5), "sethostname");
  done(libc.setgroups(0, null), "setgroups");
  done(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  for (let capability = 0; capability <= lastCapability; capability++) {
    // EINVAL beyond the last one that this kernel knows.
    libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

/** Bounds one file's size and forbids core dumps, for this process and all that it starts. */
export function limitFiles(fileBytes: number): void {
  done(libc.setrlimit(RLIMIT_CORE, ptr(new BigUint64Array([0n, 0n]))), "setrlimit");
  const bytes = BigInt(fileBytes);
  done(libc.setrlimit(RLIMIT_FSIZE, ptr(new BigUint64Array([bytes, bytes]))), "setrlimit");
}

function furnish(root: string, one: RoomMount): void {
  if (one.kind === "proc") {
    mkdirSync(`${root}/proc`);
    mount("proc", `${root}/proc`, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    return;
  }
  if (one.kind === "device") {
    writeFileSync(`${root}/dev/${one.name}`, "");
    mount(`/dev/${one.name}`, `${root}/dev/${one.name}`, null, MS_BIND);
    return;
  }
  const target = `${root}${one.target}`;
  mkdirSync(dirname(target), { recursive: true });
  if (one.kind === "link") symlinkSync(one.to, target);
  else if (one.kind === "file") writeFileSync(target, one.text);
  else if (one.kind === "tmpfs") {
    mkdirSync(target, { recursive: true });
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NOEXEC, `mode=${one.mode},size=${one.sizeBytes}`);
  } else {
    if (one.isFolder) mkdirSync(target, { recursive: true });
    else writeFileSync(target, "");
    mount(one.source, target, null, MS_BIND | MS_REC);
    const flags = MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | (one.writable ? 0 : MS_RDONLY);
    mount(null, target, null, flags);
  }
}

function mount(
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null = null,
): void {
  const result = libc.mount(text(source), text(target), text(type), flags, text(data));
  done(result, `mount of ${source ?? type ?? ""} at ${target}`);
}

/** Kept alive by the array: the pointer must stay valid over the call. */
const strings: Buffer[] = [];
function text(value: string | null): Pointer | null {
  if (value === null) return null;
  const bytes = Buffer.from(`${value}\0`);
  strings.push(bytes);
  return ptr(bytes);
}

function done(result: number, what: string): void {
  if (result === 0) return;
  const location = libc.__errno_location();
  throw new Error(`${what} failed with errno ${location === null ? "?" : read.i32(location)}`);
}
