/**
 * Runs in a room beside the app's bundled `env.ts`: reads the environment, has the schema validate it, and leaves what came of it in
 * `result.json`. It imports nothing of the platform, which is not there.
 */
import { writeFileSync } from "node:fs";
import { hiddenValues, scrub } from "./scrub.ts";

/** As in the specification: https://standardschema.dev */
interface StandardSchema {
  "~standard": {
    version: number;
    validate(
      value: unknown,
    ): { issues?: readonly Issue[] | undefined } | Promise<{ issues?: readonly Issue[] | undefined }>;
  };
}

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
}

export interface SchemaFault {
  /** Of the variable; `(all)` where the schema named none. */
  name: string;
  message: string;
}

export type SchemaResult =
  | { kind: "none" }
  | { kind: "several"; names: string[] }
  | { kind: "checked"; faults: SchemaFault[] }
  | { kind: "threw"; message: string };

const largestMessage = 300;
const mostFaults = 200;

/** What the room needs for itself. */
const ofTheRoom = new Set(["PATH", "HOME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"]);
const values = Object.fromEntries(
  Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !ofTheRoom.has(entry[0]),
  ),
);

const hidden = hiddenValues(values);

const isSchema = (value: unknown): value is StandardSchema => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return typeof standard?.validate === "function";
};

/** The default export, else one of the usual names, else the only one. */
function choose(exported: Record<string, unknown>): StandardSchema | SchemaResult {
  for (const name of ["default", "schema", "envSchema", "env"])
    if (isSchema(exported[name])) return exported[name];
  const schemas = Object.entries(exported).filter(([, value]) => isSchema(value));
  if (schemas.length === 0) return { kind: "none" };
  if (schemas.length > 1) return { kind: "several", names: schemas.map(([name]) => name) };
  return schemas[0]![1] as StandardSchema;
}

function read({ message, path = [] }: Issue): SchemaFault {
  const [first] = path;
  const key = typeof first === "object" && first !== null ? first.key : first;
  const name = typeof key === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(key) ? key : "(all)";
  const own = hiddenValues({ [name]: values[name] ?? "" })[0];
  return { name, message: scrub(String(message), hidden, own).slice(0, largestMessage) };
}

async function run(): Promise<SchemaResult> {
  try {
    // Beside this file in the room.
    const chosen = choose(await import(`${import.meta.dir}/env-schema.mjs`));
    if (!isSchema(chosen)) return chosen;
    const { issues = [] } = await chosen["~standard"].validate({ ...values });
    return { kind: "checked", faults: [...issues].slice(0, mostFaults).map(read) };
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { kind: "threw", message: scrub(message, hidden).slice(0, largestMessage * 2) };
  }
}

const result = await run();
writeFileSync(`${import.meta.dir}/result.json`, JSON.stringify(result));
process.exit(0);
