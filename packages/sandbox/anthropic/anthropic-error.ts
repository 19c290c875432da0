import { type Answer, json } from "../provider/answer.ts";

/** Anthropic's error shape: https://docs.anthropic.com/en/api/errors */
export const anthropicError = (
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Answer => json({ type: "error", error: { type, message } }, status, headers);

export const invalidRequest = (message: string): Answer =>
  anthropicError(400, "invalid_request_error", message);
