import type { Account } from "../accounts/account.ts";
import type { Collection } from "../store/collection.ts";
import type { Persona } from "./phone.ts";

export interface TurningCall {
  status: string;
  persona: Persona;
  updatedAtMs: number;
  /** Grows with every change of what happens next; events of an earlier turn are void. */
  turn: number;
}

/** Of a scheduled event, on disk. */
export interface CallTurn {
  id: string;
  turn: number;
}

export interface CallTurnsParts<Call extends TurningCall> {
  provider: string;
  calls(account: Account): Collection<Call>;
  idOf(call: Call): string;
  isOver(call: Call): boolean;
}

/** A machine takes a call when people would have. */
const voicemailAfterMs = 18_000;
const busyAfterMs = 900;

/** How calls of all providers go from one thing to the next: what was scheduled before a change does not happen after it. */
export class CallTurns<Call extends TurningCall> {
  constructor(private readonly parts: CallTurnsParts<Call>) {}

  /** The call that an event is about; undefined where the event is void. */
  current(account: Account, { id, turn }: CallTurn): Call | undefined {
    const call = this.parts.calls(account).get(id);
    return call && !this.parts.isOver(call) && call.turn === turn ? call : undefined;
  }

  /** What is scheduled now belongs to the call's turn, as it is now. */
  later(account: Account, call: Call, type: string, delayMs: number): void {
    const data: CallTurn = { id: this.parts.idOf(call), turn: call.turn };
    account.schedule(this.parts.provider, type, delayMs, data);
  }

  /** Everything that was scheduled is void. */
  change(account: Account, call: Call, status: Call["status"]): void {
    call.status = status;
    call.turn++;
    call.updatedAtMs = account.providerTimeMs(this.parts.provider);
    this.parts.calls(account).put(this.parts.idOf(call), call);
  }

  /** It rings: somebody takes it (`call.pickup`), or nobody does within the limit (`call.unanswered`). */
  ring(account: Account, call: Call, limitMs: number): void {
    const { holder, pickup, ringMs } = call.persona;
    this.later(account, call, "call.unanswered", limitMs);
    if (holder === "person" || pickup === "no_answer") return;
    const afterMs = { answers: ringMs, voicemail: Math.max(ringMs, voicemailAfterMs), busy: busyAfterMs }[
      pickup
    ];
    this.later(account, call, "call.pickup", afterMs);
  }
}
