import type { FallbackPlan } from "@evenkeel/runbook";

/**
 * Whether an outside service is there: any answer but "too many requests" and those from 500 on. Redirects are answers; nothing is sent with the question.
 *
 * @param headers only of rehearsals
 */
export async function serviceAnswers(
  { url, timeoutMs }: Pick<FallbackPlan, "url" | "timeoutMs">,
  headers: Record<string, string> = {},
): Promise<boolean> {
  try {
    const response = await fetch(url, {
      headers: { "user-agent": "Evenkeel", ...headers },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return response.status < 500 && response.status !== 429;
  } catch {
    return false;
  }
}
