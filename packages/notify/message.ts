export const messageEvents = [
  ...(["opened", "reopened", "raised", "escalated", "acknowledged", "updated", "resolved"] as const),
  ...(["test", "confirm", "maintenance"] as const),
] as const;
export type MessageEvent = (typeof messageEvents)[number];

/** What is told, whatever the channel. */
export interface Message {
  /** The same in each attempt: receivers that know it show it once. At most 120 characters of `[a-z0-9._-]`. */
  id: string;
  event: MessageEvent;
  atMs: number;
  /** One line. */
  subject: string;
  /** Plain text of several lines. */
  text: string;
  /** Where one sees more. */
  url?: string;
  /** To this address or number; absent: to those that the channel is set up for. */
  to?: string;
  /** Where a receiver ends its subscription: RFC 8058. */
  unsubscribeUrl?: string;
  incident?: MessageIncident;
  /** An attempt before this one was cut off, and nobody knows whether it arrived. */
  mayBeRepeated?: boolean;
}

export interface MessageIncident {
  id: number;
  /** Unique among all platforms: names the alert at providers that join what is about one. */
  key: string;
  app?: string;
  environment?: string;
  severity: string;
  /** 0 is the gravest. */
  rank: number;
  title: string;
  state: string;
  phase: string;
  components: string[];
  openedAtMs: number;
  /** Of all messages about it: tells two with the same words apart. */
  sequence: number;
}

/** Whether somebody is to be called, rather than told. */
export const isAlarm = (event: MessageEvent): boolean =>
  event === "opened" || event === "reopened" || event === "raised" || event === "escalated";
