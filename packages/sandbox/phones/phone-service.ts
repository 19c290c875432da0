import type { Account } from "../accounts/account.ts";

/** A call as the page and the API show it, of any provider. */
export interface PhoneCall {
  id: string;
  /** Of the person outside. */
  number: string;
  /** Of the app. */
  appNumber: string;
  direction: "to_person" | "from_person";
  /** In the provider's words. */
  status: string;
  state: "coming" | "ringing" | "talking" | "ended";
  /** What the app waits for. */
  asks?: "keys" | "speech" | "keys_or_speech";
  lines: PhoneLine[];
  /** In the account's time. */
  startedAtMs: number;
  endedAtMs?: number;
  outcome?: string;
}

export interface PhoneLine {
  who: "app" | "person" | "note";
  text: string;
  atMs: number;
}

export interface PhoneText {
  id: string;
  direction: "to_person" | "from_person";
  number: string;
  appNumber: string;
  text: string;
  status: string;
  atMs: number;
}

export type PhoneAction =
  | { type: "answer" }
  | { type: "decline" }
  | { type: "press"; keys: string }
  | { type: "say"; text: string }
  | { type: "hang_up" };

/** What people at phones can do with a provider. */
export interface PhoneService {
  /** Of the app, that people can call. */
  numbers(account: Account): string[];
  /** Newest first. */
  calls(account: Account): PhoneCall[];
  /** False where the call cannot take it now. */
  act(account: Account, callId: string, action: PhoneAction): boolean;
  /** A person calls the app; undefined where the app has no such number. */
  call?(account: Account, from: string, to: string): PhoneCall | undefined;
  /** Newest first. */
  texts?(account: Account): PhoneText[];
  /** A person texts the app; undefined where the app has no such number. */
  text?(account: Account, from: string, to: string, text: string): PhoneText | undefined;
}
