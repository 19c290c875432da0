import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { clauseKind } from "../language/clause.ts";
import type { VariableRule } from "../language/runbook-plan.ts";
import { line } from "./words.ts";

const types = ["string", "url", "number", "integer", "boolean", "email"] as const;
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, "is no name of a variable");

export const envSchema = clauseKind({
  name: "env schema",
  key: "envSchema",
  about:
    "What variables have to be: `'url'`, `'string, min 32'`, `\"starts with 'sk-'\"`, `'url, optional'`, or a list.",
  schema: z.record(variableName, z.union([line, z.array(line).min(1).max(100)])),
  exercised: "at each deploy and each change of variables",
  read(section, context) {
    const rules = Object.entries(section).flatMap(([name, given]) => {
      const rule = context.read([name], () => readRule(name, given));
      return rule ? [rule] : [];
    });
    return {
      clauses: rules.map((rule) => ({
        path: [rule.name],
        says: `${rule.name} is ${ruleText(rule)}`,
        enforced: { by: "pipeline", how: "the step `check` refuses a deployment without it" },
      })),
      plan: { variables: rules },
    };
  },
});

function readRule(name: string, given: string | string[]): VariableRule {
  const rule: VariableRule = { name, optional: false, type: "string" };
  if (Array.isArray(given)) return { ...rule, type: "enum", oneOf: given };
  for (const part of given.split(",").map((text) => text.trim())) {
    const starts = /^starts with ['"]?(.+?)['"]?$/.exec(part);
    const length = /^(min|max) (\d{1,6})$/.exec(part);
    if (part === "optional" || part === "required") rule.optional = part === "optional";
    else if ((types as readonly string[]).includes(part)) rule.type = part as VariableRule["type"];
    else if (starts) rule.startsWith = starts[1]!;
    else if (length?.[1] === "min") rule.leastLength = Number(length[2]);
    else if (length?.[1] === "max") rule.mostLength = Number(length[2]);
    else {
      throw new InvalidValueError(`"${part.slice(0, 60)}" says nothing of a variable`, {
        hint: `Write ${types.join(", ")}, optional, min 32, max 64, starts with 'sk-', or a list of values.`,
      });
    }
  }
  if ((rule.leastLength ?? 0) > (rule.mostLength ?? Number.POSITIVE_INFINITY)) {
    throw new InvalidValueError("its least length is more than its most");
  }
  return rule;
}

export function ruleText(rule: VariableRule): string {
  const parts: string[] = [rule.oneOf ? `one of ${rule.oneOf.join(", ")}` : rule.type];
  if (rule.startsWith !== undefined) parts.push(`starting with "${rule.startsWith}"`);
  if (rule.leastLength !== undefined) parts.push(`of at least ${rule.leastLength} characters`);
  if (rule.mostLength !== undefined) parts.push(`of at most ${rule.mostLength} characters`);
  if (rule.optional) parts.push("if it is there");
  return parts.join(", ");
}

/** What of the rules an environment does not meet; never with a value. */
export function variableFaults(
  rules: readonly VariableRule[],
  values: Readonly<Record<string, string | undefined>>,
): { name: string; message: string }[] {
  return rules.flatMap((rule) => {
    const value = values[rule.name];
    if (value === undefined || (value === "" && rule.optional))
      return rule.optional ? [] : [{ name: rule.name, message: "is not set" }];
    return meets(rule, value) ? [] : [{ name: rule.name, message: `has to be ${ruleText(rule)}` }];
  });
}

function meets(rule: VariableRule, value: string): boolean {
  if (rule.startsWith !== undefined && !value.startsWith(rule.startsWith)) return false;
  if (value.length < (rule.leastLength ?? 0)) return false;
  if (value.length > (rule.mostLength ?? Number.POSITIVE_INFINITY)) return false;
  switch (rule.type) {
    case "enum":
      return rule.oneOf!.includes(value);
    case "url":
      return URL.canParse(value);
    case "number":
      return value.trim() !== "" && Number.isFinite(Number(value));
    case "integer":
      return /^-?\d+$/.test(value);
    case "boolean":
      return /^(?:true|false|0|1)$/i.test(value);
    case "email":
      return /^[^\s@]+@[^\s@]+$/.test(value);
    default:
      return true;
  }
}
