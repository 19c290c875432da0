import type { Account } from "../../accounts/account.ts";
import { assistants, phoneNumbers, tools } from "../resources/kinds.ts";
import { resourcesOf } from "../resources/resource.ts";
import type { Settings, VapiCall } from "./call.ts";

/** A server of the app: where messages go, and how they are proven. */
export interface AppServer {
  url: string;
  secret?: string;
  headers: Record<string, string>;
  timeoutMs: number;
  credentialId?: string;
}

export interface FunctionTool {
  type: string;
  name: string;
  parameters: Settings;
  server: AppServer | undefined;
  definition: Settings;
}

/** The assistant of a call, with its overrides; undefined where it was deleted meanwhile. */
export function assistantOf(account: Account, call: VapiCall): Settings | undefined {
  const base =
    call.assistantId === undefined ? call.assistant : resourcesOf(account, assistants).get(call.assistantId);
  return base && { ...base, ...call.assistantOverrides };
}

/** The assistant's own server, else that of the phone number: https://docs.vapi.ai/server-url/setting-server-urls */
export function serverOf(account: Account, call: VapiCall): AppServer | undefined {
  const number =
    call.phoneNumberId === undefined ? undefined : resourcesOf(account, phoneNumbers).get(call.phoneNumberId);
  return readServer(assistantOf(account, call)) ?? readServer(number);
}

export function readServer(holder: Settings | undefined): AppServer | undefined {
  const server = objectOf(holder?.["server"]);
  const url = server?.["url"] ?? holder?.["serverUrl"];
  if (typeof url !== "string" || url === "") return undefined;
  const secret = server?.["secret"] ?? holder?.["serverUrlSecret"];
  const credentialId = server?.["credentialId"] ?? holder?.["credentialId"];
  const timeoutS = Number(server?.["timeoutSeconds"] ?? 20);
  return {
    url,
    headers: Object.fromEntries(
      Object.entries(objectOf(server?.["headers"]) ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    timeoutMs: (Number.isFinite(timeoutS) ? Math.min(300, Math.max(1, timeoutS)) : 20) * 1_000,
    ...(typeof secret === "string" && { secret }),
    ...(typeof credentialId === "string" && { credentialId }),
  };
}

/** The functions that the assistant's model may call, from `model.tools` and `model.toolIds`. */
export function functionTools(account: Account, assistant: Settings): FunctionTool[] {
  const model = objectOf(assistant["model"]);
  const named = (Array.isArray(model?.["toolIds"]) ? (model["toolIds"] as unknown[]) : []).flatMap(
    (id) => resourcesOf(account, tools).get(String(id)) ?? [],
  );
  return [...listOf(model?.["tools"]), ...named].flatMap((definition) => {
    const fn = objectOf(definition["function"]);
    if (definition["type"] !== "function" || typeof fn?.["name"] !== "string") return [];
    const parameters = objectOf(fn["parameters"]) ?? {};
    return { type: "function", name: fn["name"], parameters, definition, server: readServer(definition) };
  });
}

export const objectOf = (value: unknown): Settings | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Settings) : undefined;

export const listOf = (value: unknown): Settings[] =>
  Array.isArray(value) ? value.filter((each) => objectOf(each) !== undefined) : [];

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
