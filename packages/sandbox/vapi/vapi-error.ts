import { STATUS_CODES } from "node:http";
import { type Answer, json } from "../provider/answer.ts";

/** Vapi's error shape. */
export const vapiError = (
  statusCode: number,
  message: string | string[],
  headers: Record<string, string> = {},
): Answer => json({ message, error: STATUS_CODES[statusCode], statusCode }, statusCode, headers);
