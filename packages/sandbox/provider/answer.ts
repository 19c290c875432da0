/** What a twin answers. Exactly one of `json`, `text`, `bytes`, `stream`, or none of them for an empty body. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  bytes?: Uint8Array;
  /** Sent piece by piece as it comes: server-sent events. */
  stream?: AsyncIterable<string | Uint8Array>;
}

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  json: value,
});
