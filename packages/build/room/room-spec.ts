/** What `room-init.ts` is told, as one line of JSON on its standard input. */
export interface RoomSpec {
  argv: string[];
  environment: Record<string, string>;
  /** As the command sees it. */
  cwd: string;
  /** Files of cgroups to enter first. */
  cgroups: string[];
  /** Largest file that the command may write. */
  fileBytes: number;
  /** Where `RoomResult` is written. */
  resultPath: string;
  /** Absent: no namespaces, no other user; the machine does not allow them. */
  isolation?: Isolation;
}

export interface Isolation {
  /** An empty folder of the machine, which becomes the room's root. */
  root: string;
  uid: number;
  gid: number;
  mounts: RoomMount[];
}

/** In order: a mount inside another comes after it. Paths of the room are absolute. */
export type RoomMount =
  | { kind: "bind"; source: string; target: string; writable: boolean; isFolder: boolean }
  | { kind: "device"; name: string }
  | { kind: "proc" }
  | { kind: "tmpfs"; target: string; sizeBytes: number; mode: string }
  | { kind: "link"; target: string; to: string }
  | { kind: "file"; target: string; text: string };

export type RoomResult = { exitCode: number } | { setupFailed: string };
