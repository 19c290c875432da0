export interface Fault {
  path: string;
  message: string;
}

/** The server understood and said no. */
export class Refused extends Error {
  readonly status: number;
  readonly faults: Fault[];
  constructor(message: string, status: number, faults: Fault[]) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/** Asks this app's API. Every change carries the header by which the server knows its own pages. */
export async function ask<T>(path: string, method = "GET", body?: unknown): Promise<T> {
  const response = await fetch(`/api${path}`, {
    method,
    headers: {
      "x-requested-with": "reminders",
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error("The server cannot be reached. Your changes are still here; try again");
  });
  const answer = (await response.json().catch(() => ({}))) as { error?: string; faults?: Fault[] };
  if (response.ok) return answer as T;
  if (response.status >= 500) throw new Error(answer.error ?? `The server answered ${response.status}`);
  throw new Refused(
    answer.error ?? `The server answered ${response.status}`,
    response.status,
    answer.faults ?? [],
  );
}
