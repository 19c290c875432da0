/** What this app's API refused. */
export class Refusal extends Error {
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(message: string, status: number, details: Record<string, unknown>) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/**
 * Asks this app's API.
 *
 * @throws Refusal
 */
export async function ask<Answer = unknown>(
  method: string,
  path: string,
  body?: object | Blob,
): Promise<Answer> {
  const response = await fetch(`/api${path}`, {
    method,
    headers: {
      "x-requested-with": "autolynx",
      ...(body && { "content-type": body instanceof Blob ? body.type : "application/json" }),
    },
    ...(body && { body: body instanceof Blob ? body : JSON.stringify(body) }),
  }).catch(() => {
    throw new Refusal("The server cannot be reached. Check the connection and try again", 0, {});
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.status === 401 && path !== "/session") location.assign("/sign-in");
  if (!response.ok)
    throw new Refusal(
      String(answer["error"] ?? `The server answered ${response.status}`),
      response.status,
      answer,
    );
  return answer as Answer;
}
