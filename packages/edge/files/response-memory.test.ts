import { expect, test } from "bun:test";
import type { FileHash } from "@evenkeel/model";
import { prepareResponse } from "../http/prepared-response.ts";
import type { ServedFile } from "./file-headers.ts";
import { ResponseMemory } from "./response-memory.ts";

const served = (name: string): ServedFile => ({
  key: name,
  file: { hash: name.padEnd(64, "0") as FileHash, sizeBytes: 1_000, contentType: "text/plain" },
  headers: [],
  importantHeaders: [],
  appendedHeaders: [],
  deletedHeaders: [],
});
const prepared = () => {
  const whole = prepareResponse(200, [], new Uint8Array(1_000));
  return { whole, notModified: prepareResponse(304, []), body: whole.bytes };
};

test("stays within its budget and keeps what is asked for", () => {
  const memory = new ResponseMemory(10_000);
  const wanted = served("wanted");
  memory.keep(memory.shelf(wanted), undefined, prepared());
  for (let other = 0; other < 500; other++) {
    const shelf = memory.shelf(served(`other-${other}`));
    memory.keep(shelf, "br", prepared());
    expect(shelf.br).toBeDefined();
    expect(shelf.gzip).toBeUndefined();
    expect(memory.sizeBytes).toBeLessThanOrEqual(10_000);
    expect(memory.find(memory.shelf(wanted), undefined)).toBeDefined();
  }
  const gone = memory.shelf(served("other-3"));
  expect(memory.find(gone, "br")).toBeUndefined();
});

test("equal resolutions share, others never do", () => {
  const memory = new ResponseMemory();
  memory.keep(memory.shelf(served("a")), undefined, prepared());
  expect(memory.find(memory.shelf(served("a")), undefined)).toBeDefined();
  for (const other of [
    { ...served("a"), status: 404 },
    { ...served("a"), key: "b" },
    { ...served("a"), headers: [["x", "1"]] as const },
    { ...served("a"), file: { ...served("a").file, contentType: "text/css" } },
  ]) {
    expect(memory.find(memory.shelf(other), undefined)).toBeUndefined();
  }
});

test("what is larger than everything is not kept", () => {
  const memory = new ResponseMemory(500);
  const shelf = memory.shelf(served("a"));
  memory.keep(shelf, undefined, prepared());
  expect(memory.find(shelf, undefined)).toBeUndefined();
  expect(memory.sizeBytes).toBe(0);
});
