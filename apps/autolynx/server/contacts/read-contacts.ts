import { getCountry } from "countries-and-timezones";
import { CsvError, parse } from "csv-parse";
import { CsvFault } from "./csv-fault.ts";
import { decodeText } from "./decode-text.ts";
import { type Columns, readColumns } from "./read-columns.ts";
import { readPhone } from "./read-phone.ts";

export const mostContacts = 10_000;
const listedFaults = 500;
const longestCell = 2_000;

export interface NewContact {
  line: number;
  phone: string;
  name: string;
  timeZone: string;
  fields: Record<string, string>;
}

export interface RowFault {
  /** In the file, counted from 1. */
  line: number;
  column: string;
  value: string;
  message: string;
  kind: "invalid" | "duplicate";
}

export interface ReadFile {
  contacts: NewContact[];
  rows: number;
  /** The first 500. */
  faults: RowFault[];
  faultCount: number;
  columns: string[];
}

/**
 * Reads a file of contacts as it comes in. Rows that cannot be called are told with their lines; a file that cannot be read throws.
 *
 * @throws CsvFault
 */
export async function readContacts(
  bytes: AsyncIterable<Uint8Array>,
  settings: { country: string | undefined; timeZone: string },
): Promise<ReadFile> {
  const read: ReadFile = { contacts: [], rows: 0, faults: [], faultCount: 0, columns: [] };
  const lineOfPhone = new Map<string, number>();
  let columns: Columns | undefined;
  let endedAtLine = 0;
  for await (const { record, line, endLine } of records(bytes)) {
    endedAtLine = endLine;
    if (!columns) {
      columns = readColumns(record, line);
      read.columns = columns.headers;
      continue;
    }
    if (record.every((cell) => cell.trim() === "")) continue;
    if (++read.rows > mostContacts)
      throw new CsvFault(
        `is contact ${mostContacts + 1}; a campaign has ${mostContacts.toLocaleString("en")} at most. Divide the file`,
        "too_many_rows",
        line,
      );
    const contact = readRow(record, line, columns, settings);
    if ("message" in contact) {
      note(read, contact);
      continue;
    }
    const first = lineOfPhone.get(contact.phone);
    if (first !== undefined) {
      note(read, {
        line,
        column: columns.headers[columns.phone]!,
        value: record[columns.phone]!.slice(0, 80),
        message: `is the same number as in line ${first}`,
        kind: "duplicate",
      });
      continue;
    }
    lineOfPhone.set(contact.phone, line);
    read.contacts.push(contact);
  }
  if (!columns) throw new CsvFault("The file has nothing but empty lines", "empty");
  if (read.rows === 0)
    throw new CsvFault("The file has a header and no contacts", "no_rows", Math.max(1, endedAtLine));
  return read;
}

function note(read: ReadFile, fault: RowFault): void {
  read.faultCount++;
  if (read.faults.length < listedFaults) read.faults.push(fault);
}

function readRow(
  record: string[],
  line: number,
  columns: Columns,
  { country, timeZone }: { country: string | undefined; timeZone: string },
): NewContact | RowFault {
  const fault = (index: number, message: string): RowFault => ({
    line,
    column: columns.headers[index] ?? `column ${index + 1}`,
    value: (record[index] ?? "").slice(0, 80),
    message,
    kind: "invalid",
  });
  if (record.length > columns.headers.length)
    return fault(
      columns.headers.length,
      `is one cell too many: the header has ${columns.headers.length}. A comma may need quotes around its cell`,
    );
  const long = record.findIndex((cell) => cell.length > longestCell);
  if (long >= 0) return fault(long, `has more than ${longestCell.toLocaleString("en")} characters`);
  const number = readPhone(record[columns.phone] ?? "", country);
  if ("fault" in number) return fault(columns.phone, number.fault);
  const ownZone = columns.timeZone === undefined ? "" : (record[columns.timeZone] ?? "").trim();
  const zone = ownZone === "" ? (zoneOf(number.country) ?? timeZone) : canonicalZone(ownZone);
  if (zone === undefined) return fault(columns.timeZone!, "is no time zone like Europe/Berlin");
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const { index, key } of columns.fields) fields[key] = (record[index] ?? "").trim();
  return {
    line,
    phone: number.phone,
    name: columns.name
      .map((index) => (record[index] ?? "").trim())
      .join(" ")
      .trim(),
    timeZone: zone,
    fields,
  };
}

/** Records with the lines on which they begin and end. */
async function* records(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ record: string[]; line: number; endLine: number }> {
  const text = decodeText(bytes);
  // The separator is told by the header line, which the first piece has whole unless the file is a single long line.
  let head = "";
  let over = false;
  while (!/[\r\n]/.test(head.trimStart())) {
    const next = await text.next();
    over = next.done === true;
    if (next.done) break;
    head += next.value;
  }
  head = head.replace(/^\ufeff/, "");
  let before = 0;
  const parser = parse({
    delimiter: separatorOf(head),
    relax_column_count: true,
    skip_empty_lines: true,
    info: true,
    max_record_size: 200_000,
    // Read ahead of what is taken below: only here it is known where the record before a fault ended.
    on_record: (record: string[], { lines }) => {
      before = lines;
      return record;
    },
  });
  let failed: unknown;
  const feeding = (async () => {
    try {
      await write(parser, head);
      if (!over) for await (const piece of text) await write(parser, piece);
      parser.end();
    } catch (error) {
      failed = error;
      parser.destroy(error as Error);
    }
  })();
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      // `info.lines` is where a record ends; line breaks within quotes lie before.
      const inside = record.reduce(
        (sum, cell) => sum + (cell.includes("\n") ? cell.split("\n").length - 1 : 0),
        0,
      );
      yield { record, line: info.lines - inside, endLine: info.lines };
    }
    await feeding;
  } catch (error) {
    if (failed instanceof CsvFault) throw failed;
    if (error instanceof CsvError) throw faultOf(error, before + 1);
    throw failed ?? error;
  } finally {
    parser.destroy();
    await text.return(undefined).catch(() => {});
  }
}

function write(parser: ReturnType<typeof parse>, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (parser.destroyed) return resolve();
    const goOn = () => {
      parser.off("drain", goOn).off("close", goOn).off("error", fail);
      resolve();
    };
    const fail = (error: Error) => {
      parser.off("drain", goOn).off("close", goOn).off("error", fail);
      reject(error);
    };
    if (parser.write(text)) return resolve();
    parser.once("drain", goOn).once("close", goOn).once("error", fail);
  });
}

function faultOf(error: CsvError, afterLine: number): CsvFault {
  const line = Number((error as unknown as { lines?: number }).lines ?? afterLine);
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return new CsvFault("a quote is opened in this record and never closed", "bad_quotes", afterLine);
    case "CSV_INVALID_CLOSING_QUOTE":
      return new CsvFault("a quote within quotes has to be doubled", "bad_quotes", line);
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_OPENING_QUOTE" as never:
      return new CsvFault("a quote stands within a cell that is not quoted", "bad_quotes", line);
    case "CSV_MAX_RECORD_SIZE":
      return new CsvFault(
        "the record that begins here is longer than 200,000 characters; a quote may not be closed",
        "bad_quotes",
        afterLine,
      );
    default:
      return new CsvFault("is no CSV", "not_csv", line);
  }
}

/** Comma, semicolon or tab: whichever the header has most of, outside of quotes. */
function separatorOf(head: string): string {
  const line = (head.trimStart().split(/\r?\n|\r/)[0] ?? "").replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t"].map((each) => ({ each, count: line.split(each).length - 1 }));
  return counts.sort((a, b) => b.count - a.count)[0]!.each;
}

const zones = new Map<string, string | undefined>();

/** As the machine's own list has it; undefined where it has none of that name. */
function canonicalZone(name: string): string | undefined {
  if (!zones.has(name)) {
    let zone: string | undefined;
    try {
      zone = /^[A-Za-z_]+\/[A-Za-z_/+-]+$|^UTC$/.test(name)
        ? new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone
        : undefined;
    } catch {
      zone = undefined;
    }
    zones.set(name, zone);
  }
  return zones.get(name);
}

const countryZones = new Map<string, string | undefined>();

/** The zone of a country that has one; where there are several, the number does not tell. */
function zoneOf(country: string | undefined): string | undefined {
  if (country === undefined) return undefined;
  if (!countryZones.has(country)) {
    const all = getCountry(country)?.timezones ?? [];
    countryZones.set(country, all.length === 1 ? canonicalZone(all[0]!) : undefined);
  }
  return countryZones.get(country);
}
