import { FlagdCore, MemoryStorage } from "@openfeature/flagd-core";
import { FlagSetInvalidError } from "../errors.ts";
import type { FlagDefinition, FlagSet } from "./flag-set.ts";
import { silentLogger } from "./silent-logger.ts";
import { targetingFaults } from "./targeting-faults.ts";

/** A set is held by every edge and sent whole with each change. */
const limitBytes = 256 * 1024;
/** As long as a key in a URL path and a log line can sensibly be. */
const longestKey = 128;

/**
 * Reads flagd's JSON. All that is wrong is told at once.
 *
 * @param place where the text came from, for the error: `flags.flagd.json`
 * @throws FlagSetInvalidError
 */
export function parseFlagSet(text: string, place: string): FlagSet {
  if (Buffer.byteLength(text) > limitBytes) {
    throw new FlagSetInvalidError(place, [
      `It is larger than ${limitBytes / 1024} KiB: keep lists of people in the app's data, and send what targeting needs as context`,
    ]);
  }
  const value = readJson(text, place);
  const faults = structureFaults(value);
  const set = value as FlagSet;
  if (isRecord(value) && isRecord(value["flags"])) {
    const whole = Object.entries(set.flags).filter(([, flag]) => isRecord(flag) && isRecord(flag.variants));
    faults.push(...whole.flatMap(([key, flag]) => flagFaults(key, flag, set)));
  }
  if (faults.length > 0) throw new FlagSetInvalidError(place, faults);
  checkAgainstSchema(text, place);
  return set;
}

function readJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FlagSetInvalidError(place, [`It is not JSON: ${(error as Error).message}`]);
  }
}

function structureFaults(value: unknown): string[] {
  if (!isRecord(value)) return ["It is not an object"];
  if (!isRecord(value["flags"])) return ['It has no object "flags"'];
  const faults: string[] = [];
  for (const [key, flag] of Object.entries(value["flags"])) {
    if (key === "" || key.length > longestKey || !/^[\x21-\x7e]+$/.test(key) || /[/?#%\\]/.test(key)) {
      faults.push(
        `"${key.slice(0, longestKey)}" is no key for a flag: use at most ${longestKey} letters, digits, "-", "_" and "."`,
      );
    }
    if (!isRecord(flag)) faults.push(`"${key}" is not an object`);
    else if (!isRecord(flag["variants"]) || Object.keys(flag["variants"]).length === 0) {
      faults.push(`"${key}" has no variants`);
    }
  }
  return faults;
}

function flagFaults(key: string, flag: FlagDefinition, set: FlagSet): string[] {
  const faults: string[] = [];
  const names = Object.keys(flag.variants);
  const known = `its variants are ${names.join(", ")}`;
  if (flag.state !== "ENABLED" && flag.state !== "DISABLED") {
    faults.push(`"${key}" has the state ${JSON.stringify(flag.state)}: use "ENABLED" or "DISABLED"`);
  }
  if (flag.defaultVariant != null && !Object.hasOwn(flag.variants, flag.defaultVariant)) {
    faults.push(
      `"${key}" has the default variant "${flag.defaultVariant}", which it does not declare: ${known}`,
    );
  }
  const types = new Set(Object.values(flag.variants).map(typeOf));
  if (types.size > 1) faults.push(`"${key}" has variants of different types: ${[...types].join(", ")}`);
  if (flag.targeting !== undefined) {
    faults.push(
      ...targetingFaults(flag.targeting, set.$evaluators ?? {}, new Set(names)).map(
        (fault) => `"${key}": ${fault}${fault.includes("variant") ? `; ${known}` : ""}`,
      ),
    );
  }
  return faults;
}

/** What is left: flagd's own schema. */
function checkAgainstSchema(text: string, place: string): void {
  try {
    new FlagdCore(new StrictStorage(silentLogger, { disableDynamicCodeGeneration: true })).setConfigurations(
      text,
    );
  } catch (error) {
    throw new FlagSetInvalidError(place, schemaFaults(error as Error));
  }
}

class StrictStorage extends MemoryStorage {
  override setConfigurations(text: string): string[] {
    return super.setConfigurations(text, true);
  }
}

/** The library puts the validator's errors as JSON behind its message. */
function schemaFaults({ message }: Error): string[] {
  const start = message.indexOf("[");
  if (start < 0) return [message];
  const errors = JSON.parse(message.slice(start)) as { instancePath: string; message?: string }[];
  const told = errors.map(
    ({ instancePath, message = "is not allowed" }) => `${instancePath || "It"} ${message}`,
  );
  return [...new Set(told)].slice(0, 20);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
