import assert from "node:assert/strict";
import { test } from "node:test";
import { CsvFault } from "./csv-fault.ts";
import { largestFileBytes } from "./decode-text.ts";
import { readContacts } from "./read-contacts.ts";

const settings = { country: undefined as string | undefined, timeZone: "America/New_York" };

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const read = (text: string | Uint8Array, country?: string, size?: number) =>
  readContacts(pieces(typeof text === "string" ? Buffer.from(text) : text, size), { ...settings, country });
const faultsOf = async (...rows: string[]) =>
  (await read(`phone,name\n${rows.join("\n")}\n`)).faults.map(({ line, message }) => `${line}: ${message}`);
const refusal = async (text: string | Uint8Array, size?: number): Promise<string> => {
  try {
    await read(text, undefined, size);
  } catch (error) {
    if (error instanceof CsvFault) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("It was read");
};

test("numbers in any way of writing become E.164, with their own time zones", async () => {
  const { contacts, faults } = await read(
    [
      "Name;Phone Number;Time Zone;City",
      '"Doe; John";+1 (415) 555-2671;;"San\nFrancisco"',
      "Full;＋４９ ３０ ９０１８２０;;Berlin",
      "Zero;0412 345 678;Australia/Perth;Perth",
      "Dialled;0044 20 7946 0958;;London",
    ].join("\r\n"),
    "AU",
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(
    contacts.map(({ line, phone, timeZone, name }) => [line, phone, timeZone, name]),
    [
      [2, "+14155552671", "America/New_York", "Doe; John"],
      [4, "+4930901820", "America/New_York", "Full"],
      [5, "+61412345678", "Australia/Perth", "Zero"],
      [6, "+442079460958", "Europe/London", "Dialled"],
    ],
  );
  assert.equal(contacts[0]!.fields["city"], "San\nFrancisco");
});

test("a row that cannot be called is told with its line and what is wrong", async () => {
  assert.deepEqual(
    await faultsOf(
      "911,a",
      "1.41556E+10,b",
      '"=HYPERLINK(""http://x"")",c',
      "+14155552671,d",
      "001 415 555 2671,e",
      "4155552671,f",
      "+1 415 555 2672 ext. 5,g",
      "+19005551234,h",
      "+1415,i",
      ",j",
      "+1 800 FLOWERS,k",
      "+14155552673,l,m",
      "+15555555555,n",
    ),
    [
      "2: is an emergency number",
      "3: was turned into scientific notation by a spreadsheet; its digits are lost there",
      "4: is a spreadsheet's formula, not a number",
      "6: is the same number as in line 5",
      "7: has no country: write it with + and its country's code, or choose the campaign's country",
      "8: has an extension, which cannot be dialled by itself",
      "9: is a premium-rate number",
      "10: has a wrong number of digits",
      "11: is missing",
      "12: has letters in it",
      "13: is one cell too many: the header has 2. A comma may need quotes around its cell",
      "14: is not in use in its country",
    ],
  );
  const { faults } = await read("phone\ttz\n+14155552671\tMars/Phobos\n");
  assert.deepEqual(faults[0], {
    ...{ line: 2, column: "tz", value: "Mars/Phobos" },
    ...{ message: "is no time zone like Europe/Berlin", kind: "invalid" },
  });
});

test("a file that is none is refused as a whole, with the reason", async () => {
  assert.match(await refusal(""), /^empty: The file is empty: it has 0 bytes/);
  assert.match(await refusal("\n\n  \n"), /^(empty|no_phone_column)/);
  assert.match(await refusal("phone,name\n"), /^no_rows: Line 1: The file has a header and no contacts/);
  assert.match(await refusal("a,b\n1,2\n"), /^no_phone_column: Line 1: has no column “phone”/);
  assert.match(await refusal("phone,__proto__\n+14155552671,x\n"), /^bad_header: Line 1: column 2/);
  assert.match(await refusal("phone,Phone\n+14155552671,x\n"), /^bad_header: .*first as column 1/);
  assert.match(await refusal(Buffer.from("PK\u0003\u0004rest of a workbook")), /^not_csv: .*xlsx/);
  assert.match(
    await refusal('phone,name\n+14155552671,a\n+14155552672,"open\n+14155552673,b\n'),
    /^bad_quotes: Line 3: a quote is opened/,
  );
  assert.match(await refusal('phone,name\n+14155552671,a"b\n'), /^bad_quotes: Line 2/);
  const latin = Buffer.from("phone,name\n+14155552671,a\n+14155552672,Jos\u00e9\n", "latin1");
  assert.match(await refusal(latin), /^bad_encoding: Line 3: is not UTF-8/);
  assert.match(await refusal("phone,name\n+14155552671,a\n+1415,\0\n"), /^bad_encoding: Line 3: has a NUL/);
  assert.match(await refusal(Buffer.from("phone\n+14155552671\n", "utf16le")), /NUL.*UTF-16/);
  const many = `phone\n${Array.from({ length: 10_001 }, (_, index) => `+1415${5_550_000 + index}`).join("\n")}\n`;
  assert.match(await refusal(many, 65_536), /^too_many_rows: Line 10002: is contact 10001/);
  const large = Buffer.alloc(largestFileBytes + 1, `+1,${"x".repeat(1_990)}\n`);
  large.write("phone,name\n");
  assert.match(await refusal(large, 65_536), /^too_large: The file has more than 10,485,760 bytes/);
});

test("UTF-16 and UTF-8 with their marks are read", async () => {
  const text = "phone,name\n+14155552671,José\n";
  const marked = [
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]),
    Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, "utf16le").swap16()]),
  ];
  for (const bytes of marked) {
    const { contacts } = await read(bytes, undefined, 3);
    assert.deepEqual([contacts[0]!.phone, contacts[0]!.name], ["+14155552671", "José"]);
  }
});
