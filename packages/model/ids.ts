import { InvalidValueError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 1–40 characters `a-z 0-9 -`, begins with a letter, no `--`, no `-` at the end. */
export type AppName = Branded<"AppName">;
/** 9 characters `a-z 0-9`, random. */
export type DeploymentId = Branded<"DeploymentId">;
/** sha256 of a build output's canonical content, 64 hexadecimal characters. */
export type OutputId = Branded<"OutputId">;
/** sha256 of one function's files and settings, 64 hexadecimal characters. */
export type FunctionId = Branded<"FunctionId">;
/** sha256 of the files of an app's services, 64 hexadecimal characters. */
export type SlugId = Branded<"SlugId">;
/** sha256 of a file's bytes, 64 hexadecimal characters. */
export type FileHash = Branded<"FileHash">;
/** Names one process of one deployment: `<deployment>-<8 characters>`. */
export type InstanceId = Branded<"InstanceId">;

/** Names that the platform keeps for its own hosts or that would read as one of its aliases. */
const reservedAppNames = new Set(["evenkeel", "api", "git", "console", "status", "www", "localhost"]);

export function parseAppName(text: string): AppName {
  const hint =
    "Use 1 to 40 characters: lower-case letters, digits and single hyphens, beginning with a letter.";
  if (!/^[a-z](?:-?[a-z0-9])*$/.test(text) || text.length > 40) {
    throw new InvalidValueError(`App name ${JSON.stringify(text.slice(0, 80))} is not valid`, { hint });
  }
  if (text.includes("-git-")) {
    throw new InvalidValueError(`App name "${text}" contains "-git-", which marks branch aliases`, { hint });
  }
  if (reservedAppNames.has(text)) {
    throw new InvalidValueError(`App name "${text}" is reserved`, { hint: "Choose another name." });
  }
  return text as AppName;
}

export function parseDeploymentId(text: string): DeploymentId {
  if (!/^[a-z0-9]{9}$/.test(text)) {
    throw new InvalidValueError(`Deployment id ${JSON.stringify(text.slice(0, 80))} is not valid`, {
      hint: "An id has 9 lower-case letters and digits; `evenkeel list` shows them.",
    });
  }
  return text as DeploymentId;
}

const idAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** `length` random characters of 32 that cannot be confused with each other; 5 bits each. */
export function randomId(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let id = "";
  for (const byte of bytes) id += idAlphabet[byte & 31];
  return id;
}

export const newDeploymentId = (): DeploymentId => randomId(9) as DeploymentId;

export const newInstanceId = (deployment: DeploymentId): InstanceId =>
  `${deployment}-${randomId(8)}` as InstanceId;

export function parseHash<Kind extends OutputId | FunctionId | FileHash>(text: string): Kind {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new InvalidValueError(`${JSON.stringify(text.slice(0, 80))} is not a sha256 in hexadecimal`);
  }
  return text as Kind;
}
