import { CsvFault } from "./csv-fault.ts";

export interface Columns {
  phone: number;
  name: number[];
  timeZone: number | undefined;
  /** Everything else, by the name under which an assistant's texts may use it. */
  fields: { index: number; key: string }[];
  headers: string[];
}

const known = {
  phone: new Set([
    "phone",
    "phone_number",
    "phonenumber",
    "telephone",
    "tel",
    "number",
    "mobile",
    "cell",
    "telefon",
    "e164",
  ]),
  name: new Set(["name", "full_name", "fullname", "contact"]),
  firstName: new Set(["first_name", "firstname", "given_name", "vorname"]),
  lastName: new Set(["last_name", "lastname", "surname", "family_name", "nachname"]),
  timeZone: new Set(["time_zone", "timezone", "tz", "zone"]),
};
const dangerous = new Set(["__proto__", "constructor", "prototype"]);
const mostColumns = 60;

/**
 * What the columns are, by the header line.
 *
 * @throws CsvFault
 */
export function readColumns(headers: readonly string[], line: number): Columns {
  const keys = headers.map(keyOf);
  for (const [index, key] of keys.entries()) {
    const named = `column ${index + 1} (${JSON.stringify(headers[index]!.slice(0, 40))})`;
    if (dangerous.has(headers[index]!.trim()) || dangerous.has(key))
      throw new CsvFault(`${named} has a name that is not allowed`, "bad_header", line);
    if (key !== "" && keys.indexOf(key) !== index)
      throw new CsvFault(
        `${named} is there twice, first as column ${keys.indexOf(key) + 1}`,
        "bad_header",
        line,
      );
  }
  if (headers.length > mostColumns)
    throw new CsvFault(`has ${headers.length} columns; ${mostColumns} are the most`, "bad_header", line);
  const find = (names: Set<string>) => keys.findIndex((key) => names.has(key));
  const phone = find(known.phone);
  if (phone < 0) {
    throw new CsvFault(
      `has no column “phone”. Its columns are: ${headers
        .map((each) => JSON.stringify(each.slice(0, 30)))
        .join(", ")
        .slice(0, 300)}`,
      "no_phone_column",
      line,
    );
  }
  const whole = find(known.name);
  const name =
    whole >= 0 ? [whole] : [find(known.firstName), find(known.lastName)].filter((index) => index >= 0);
  const timeZone = find(known.timeZone);
  const taken = new Set([phone, whole, timeZone]);
  return {
    phone,
    name,
    timeZone: timeZone < 0 ? undefined : timeZone,
    fields: keys.flatMap((key, index) => (taken.has(index) || key === "" ? [] : { index, key })),
    headers: [...headers],
  };
}

const keyOf = (header: string): string =>
  header
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, "_")
    .slice(0, 60);
