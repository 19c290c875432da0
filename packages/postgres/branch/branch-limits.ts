export interface KnownBranch {
  name: string;
  createdMs: number;
  /** Last request of its preview; default `createdMs`. */
  usedMs?: number;
  sizeBytes: number;
}

export interface BranchLimits {
  /** Since the last use; default 14 days. */
  idleMs?: number;
  /** For all branches of an app together; default no limit. */
  totalBytes?: number;
}

export interface ExpiredBranch {
  name: string;
  reason: string;
}

const fortnightMs = 14 * 86_400_000;

/** Which branches have outlived their limits: idle ones, then the longest unused until the rest fits. Pure. */
export function expiredBranches(
  branches: KnownBranch[],
  limits: BranchLimits,
  nowMs: number,
): ExpiredBranch[] {
  const { idleMs = fortnightMs, totalBytes = Number.POSITIVE_INFINITY } = limits;
  const lastUse = (branch: KnownBranch): number => branch.usedMs ?? branch.createdMs;
  const oldestFirst = [...branches].sort((a, b) => lastUse(a) - lastUse(b));
  let heldBytes = branches.reduce((sum, branch) => sum + branch.sizeBytes, 0);
  return oldestFirst.flatMap((branch) => {
    const idle = nowMs - lastUse(branch) > idleMs;
    if (!idle && heldBytes <= totalBytes) return [];
    heldBytes -= branch.sizeBytes;
    return [
      {
        name: branch.name,
        reason: idle ? "it was not used for too long" : "all branches together are too large",
      },
    ];
  });
}
