import { InvalidValueError } from "@evenkeel/model";
import { z } from "zod";
import { line } from "./words.ts";

export const path = z.string().regex(/^\/[^\s#]{0,1000}$/, "has to begin with `/`");
export const status = z.union([z.number().int().min(100).max(599), line]);

/** `200`, `'2xx'`, `'< 500'`. @throws InvalidValueError */
export function readStatus(given: string | number): { least: number; most: number } {
  const text = String(given).trim().toLowerCase();
  const group = /^([1-5])xx$/.exec(text);
  if (group) return { least: Number(group[1]) * 100, most: Number(group[1]) * 100 + 99 };
  const below = /^<\s*(\d{3})$/.exec(text);
  if (below) return { least: 100, most: Number(below[1]) - 1 };
  if (/^[1-5]\d\d$/.test(text)) return { least: Number(text), most: Number(text) };
  throw new InvalidValueError(`${JSON.stringify(given)} is no status: write 200, '2xx' or '< 500'`);
}

export const passing = { least: 200, most: 299 };
