import { readFileSync } from "node:fs";
import { InvalidValueError } from "@evenkeel/model";
import { parse } from "dotenv";

/** Reads a `.env` file by the rules of the dotenv package, as Vercel's and most frameworks' tools do. */
export function readEnvFile(path: string): Record<string, string> {
  try {
    return parse(readFileSync(path));
  } catch (cause) {
    throw new InvalidValueError(`The environment file ${path} cannot be read`, {
      hint: "Name a file of lines such as NAME=value.",
      cause,
    });
  }
}
