/**
 * What a statement does to a database that old code is using:
 *
 * - `additive`: old code does not notice.
 * - `blocking`: may hold a lock that stops reads or writes for as long as the table is large.
 * - `opaque`: what it does cannot be read from it.
 * - `destructive`: takes away data or something that old code may rely on.
 */
export type Effect = "additive" | "blocking" | "opaque" | "destructive";

const severity: Record<Effect, number> = { additive: 0, blocking: 1, opaque: 2, destructive: 3 };

export interface Finding {
  effect: Effect;
  /** Completes "it ...": `drops column "email" of users`. */
  reason: string;
  /** How the same is had without the effect. */
  remedy?: string;
  /** Code of before the migration may fail after it, so a rollback past it is refused. */
  breaksOldCode: boolean;
}

export const additive = (reason: string): Finding => ({ effect: "additive", reason, breaksOldCode: false });

export const blocking = (reason: string, remedy?: string): Finding => ({
  effect: "blocking",
  reason,
  remedy,
  breaksOldCode: false,
});

export const opaque = (reason: string, remedy?: string): Finding => ({
  effect: "opaque",
  reason,
  remedy,
  breaksOldCode: true,
});

export const destructive = (reason: string, remedy?: string): Finding => ({
  effect: "destructive",
  reason,
  remedy,
  breaksOldCode: true,
});

export const worstEffect = (findings: { effect: Effect }[]): Effect =>
  findings.reduce<Effect>(
    (worst, { effect }) => (severity[effect] > severity[worst] ? effect : worst),
    "additive",
  );
