import { parse } from "csv-parse/sync";
import { contactSchema, type NewContact } from "./contact.ts";

export interface ImportedRow {
  /** In the file, from 1; the heading is line 1. */
  line: number;
  contact: NewContact;
}

export interface RowFault {
  line: number;
  column: string;
  message: string;
}

const headings: Record<string, keyof NewContact> = {
  name: "name",
  phone: "phone",
  "phone number": "phone",
  number: "phone",
  "time zone": "timeZone",
  timezone: "timeZone",
  language: "language",
  "quiet from": "quietFrom",
  "quiet until": "quietUntil",
};
const mostRows = 10_000;

/** Reads contacts from CSV (comma or semicolon, any line end). All faults of all rows, each with its line; a number twice in any format is one. */
export function readContacts(
  csv: string,
  defaults: { timeZone?: string },
): { rows: ImportedRow[]; faults: RowFault[] } {
  const faults: RowFault[] = [];
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(csv, {
      bom: true,
      delimiter: [",", ";", "\t"],
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
      trim: true,
    }) as never;
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number };
    return { rows: [], faults: [{ line: lines ?? 1, column: "", message: `This is not CSV: ${message}` }] };
  }
  const [head, ...data] = records;
  const columns = head?.record.map((name) => headings[name.toLowerCase().replaceAll("_", " ")]) ?? [];
  for (const needed of ["name", "phone"] as const) {
    if (!columns.includes(needed))
      faults.push({ line: 1, column: needed, message: `There is no column '${needed}'` });
  }
  if (data.length > mostRows)
    faults.push({
      line: mostRows + 2,
      column: "",
      message: `More than ${mostRows} rows. Import them in parts`,
    });
  if (faults.length > 0) return { rows: [], faults };
  const rows: ImportedRow[] = [];
  const seen = new Map<string, number>();
  for (const { record, info } of data) {
    const given: Record<string, string> = defaults.timeZone ? { timeZone: defaults.timeZone } : {};
    record.forEach((value, index) => {
      const column = columns[index];
      if (column && value !== "") given[column] = value;
    });
    const parsed = contactSchema.safeParse(given);
    if (!parsed.success) {
      for (const issue of parsed.error.issues)
        faults.push({ line: info.lines, column: String(issue.path[0] ?? ""), message: issue.message });
      continue;
    }
    const before = seen.get(parsed.data.phone);
    if (before !== undefined) {
      faults.push({ line: info.lines, column: "phone", message: `The same number stands in line ${before}` });
      continue;
    }
    seen.set(parsed.data.phone, info.lines);
    rows.push({ line: info.lines, contact: parsed.data });
  }
  return { rows, faults };
}
