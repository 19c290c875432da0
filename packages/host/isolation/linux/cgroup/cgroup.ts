/** Limits of one instance. */
export interface ResourceLimits {
  memoryBytes: number;
  /** CPU cores; a part of one is possible. */
  cpus: number;
  /** Processes and threads. */
  processes: number;
}

/** The control group of one instance. */
export interface Cgroup {
  /** Moves a process in; those that it starts later are in it too. */
  add(pid: number): void;
  limit(limits: ResourceLimits): void;
  processes(): number[];
  /** In use, without pages of files on disk: the kernel drops those before it ends a process. */
  memoryBytes(): number;
  /** Processor time that was used in it, in seconds; undefined where the kernel does not count it. */
  cpuSeconds(): number | undefined;
  /** How many processes the kernel has ended because the memory limit was reached. */
  outOfMemoryKills(): number;
  /** Once no process is left in it. */
  remove(): Promise<void>;
}

/** Control groups of one kind (v1, v2) under a folder of ours. */
export interface CgroupTree {
  readonly version: 1 | 2;
  create(name: string): Cgroup;
  /** Of the groups that exist. */
  names(): string[];
  /** Ends every process in these groups and removes them. */
  clear(names: readonly string[]): Promise<void>;
  /** Removes our folder if no group is left in it. */
  close(): void;
}
