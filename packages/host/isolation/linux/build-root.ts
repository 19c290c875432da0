import {
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { KernelRefusedError } from "../../errors.ts";
import { mount, mountFlags, pivotTo } from "./kernel.ts";
import {
  copiedSettings,
  type MachineFacts,
  type RootStep,
  sharedSettings,
  systemFolderNames,
} from "./root-plan.ts";

const { readOnly, noSuid, noDev, noExec, bind, recursive, remount, move } = mountFlags;

export function readMachineFacts(): MachineFacts {
  const systemFolders: Record<string, string | null> = {};
  for (const name of systemFolderNames) {
    const entry = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (entry) systemFolders[name] = entry.isSymbolicLink() ? readlinkSync(`/${name}`) : null;
  }
  const settings = [...copiedSettings, ...Object.keys(sharedSettings)].filter((name) =>
    existsSync(`/etc/${name}`),
  );
  return { systemFolders, settings: new Set(settings) };
}

/**
 * Takes the steps in `stage`, an empty folder, and makes it the root. To be run inside the new mount namespace, where /proc already is the
 * one of the new pid namespace.
 */
export function buildRoot(steps: RootStep[], stage: string): void {
  mount("tmpfs", stage, "tmpfs", noSuid, "size=1m,nr_inodes=512,mode=755");
  const made = new Set<string>();
  const folder = (path: string, mode?: number) => {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true, ...(mode === undefined ? {} : { mode }) });
    made.add(path);
  };
  for (const step of steps) {
    const path = join(stage, step.path);
    switch (step.step) {
      case "folder":
        folder(path, step.mode);
        break;
      case "link":
        folder(dirname(path));
        symlinkSync(step.target, path);
        break;
      case "copy":
        folder(dirname(path));
        copyFileSync(step.source, path);
        break;
      case "bind": {
        folder(step.kind === "folder" ? path : dirname(path));
        if (step.kind === "file") writeFileSync(path, "");
        mount(step.source, path, undefined, bind | recursive);
        const device = step.access === "device" ? noExec : noDev;
        const write = step.access === "read" ? readOnly : 0;
        mount(undefined, path, undefined, bind | remount | noSuid | device | write);
        break;
      }
      case "memory":
        folder(path);
        mount(
          "tmpfs",
          path,
          "tmpfs",
          noSuid | noDev | (step.programs ? 0 : noExec),
          `size=${step.sizeBytes},nr_inodes=${step.files},mode=${step.mode.toString(8)}`,
        );
        break;
      case "overlay":
        mountOverlay(step, path, stage, folder);
        break;
      case "hide":
        if (existsSync(path)) mount("tmpfs", path, "tmpfs", noSuid | noDev | readOnly, "size=4k,mode=700");
        break;
    }
  }
  folder(join(stage, "proc"));
  mount("/proc", join(stage, "proc"), undefined, move);
  mount(undefined, stage, undefined, remount | readOnly | noSuid);
  pivotTo(stage);
}

/**
 * The app owns the folders of the upper layer that it may write in; merged, they show the lower one's files. A kernel without
 * overlayfs shows the files read-only.
 */
function mountOverlay(
  step: Extract<RootStep, { step: "overlay" }>,
  path: string,
  stage: string,
  folder: (path: string, mode?: number) => void,
): void {
  const layers = join(stage, step.layers);
  const { uid, gid } = step.owner;
  folder(path);
  folder(layers, 0o700);
  const size = `size=${step.sizeBytes},nr_inodes=${step.files},mode=700`;
  mount("tmpfs", layers, "tmpfs", noSuid | noDev, size);
  const [upper, work] = [join(layers, "upper"), join(layers, "work")];
  mkdirSync(work);
  mkdirSync(upper, { mode: 0o755 });
  chownSync(upper, uid, gid);
  for (const name of step.writableFolders) {
    mkdirSync(join(upper, name), { recursive: true, mode: 0o755 });
    chownSync(join(upper, name), uid, gid);
  }
  const escaped = (text: string) => text.replace(/[\\:,]/g, "\\$&");
  const data = `lowerdir=${escaped(step.lower)},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
  try {
    mount("overlay", path, "overlay", noSuid | noDev, data);
  } catch (error) {
    if (!(error instanceof KernelRefusedError)) throw error;
    mount(step.lower, path, undefined, bind | recursive);
    mount(undefined, path, undefined, bind | remount | noSuid | noDev | readOnly);
  }
}
