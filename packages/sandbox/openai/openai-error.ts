import { type Answer, json } from "../provider/answer.ts";

/** OpenAI's error shape: https://platform.openai.com/docs/guides/error-codes */
export const openAiError = (
  status: number,
  type: string,
  message: string,
  { code = null, param = null }: { code?: string | null; param?: string | null } = {},
  headers: Record<string, string> = {},
): Answer => json({ error: { message, type, param, code } }, status, headers);

/** A request that cannot be understood; `param` names the place. */
export const invalidRequest = (
  message: string,
  param: string | null = null,
  code: string | null = null,
): Answer => openAiError(400, "invalid_request_error", message, { param, code });
