import type { Account } from "../../accounts/account.ts";
import type { Persona } from "../../phones/phone.ts";

export type VapiStatus = "scheduled" | "queued" | "ringing" | "in-progress" | "ended";

/** As Vapi answers it, and what the twin needs beside. */
export interface VapiCall {
  id: string;
  type: "outboundPhoneCall" | "inboundPhoneCall";
  status: VapiStatus;
  endedReason?: string;
  createdAtMs: number;
  updatedAtMs: number;
  startedAtMs?: number;
  endedAtMs?: number;
  assistantId?: string;
  assistant?: Settings;
  assistantOverrides?: Settings;
  phoneNumberId?: string;
  customer: { number: string; [setting: string]: unknown };
  name?: string;
  metadata?: Settings;
  schedulePlan?: Settings;

  persona: Persona;
  said: number;
  /** See `CallTurns`. */
  turn: number;
  turns: SpokenTurn[];
  /** Tools that were called, by name. */
  toolsCalled: string[];
  /** The tool whose result the assistant waits for. */
  toolCall?: ToolCall;
}

export type Settings = Record<string, unknown>;

export interface SpokenTurn {
  role: "bot" | "user" | "tool_calls" | "tool_call_result";
  text: string;
  atMs: number;
  durationMs: number;
  toolCall?: ToolCall;
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: Settings;
}

export const callsOf = (account: Account) => account.collection<VapiCall>("vapi.calls");

export const isOver = ({ status }: VapiCall): boolean => status === "ended";

/** A call that has a line: it counts for the limit on calls at once. */
export const isActive = ({ status }: VapiCall): boolean => status !== "ended" && status !== "scheduled";
