import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Headers, pack } from "tar-stream";
import { packSource } from "./pack-source.ts";
import { unpackSource } from "./unpack-source.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-source-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tree(root: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Own walk: Bun's recursive readdir goes through links. */
function listing(root: string, prefix = ""): string[] {
  return readdirSync(join(root, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${prefix}${entry.name}`;
      return entry.isDirectory() ? listing(root, `${path}/`) : [path];
    })
    .sort();
}

async function tarOf(entries: (Partial<Headers> & { name: string; text?: string })[]): Promise<string> {
  const tar = pack();
  for (const { text, ...header } of entries) tar.entry({ ...header }, text ?? "");
  tar.finalize();
  const path = join(folder, "hostile.tar");
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

test("a source comes back as it was: files, links, executable bits, large files", async () => {
  const source = tree(join(folder, "s"), {
    "package.json": "{}",
    "src/ü/a.ts": "a",
    "run.sh": "#!/bin/sh\n",
    "large.bin": "x".repeat(3_000_000),
  });
  chmodSync(join(source, "run.sh"), 0o755);
  symlinkSync("../package.json", join(source, "src/link"));
  const packed = await packSource(source, join(folder, "a.tar"));
  const result = await unpackSource(packed.path, join(folder, "out"));
  expect(listing(join(folder, "out"))).toEqual(listing(source));
  expect(readFileSync(join(folder, "out/large.bin"), "utf8").length).toBe(3_000_000);
  expect(readlinkSync(join(folder, "out/src/link"))).toBe("../package.json");
  expect(statSync(join(folder, "out/run.sh")).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, "out/package.json")).mode & 0o777).toBe(0o644);
  expect(result).toEqual({ fileCount: packed.fileCount, totalBytes: packed.unpackedBytes });
});

test("the same tree makes the same archive, wherever and whenever it stands", async () => {
  const files = { "a.txt": "1", "b/c.txt": "2" };
  const one = await packSource(tree(join(folder, "one"), files), join(folder, "1.tar"));
  const other = await packSource(tree(join(folder, "other"), files), join(folder, "2.tar"));
  expect(one.sha256).toBe(other.sha256);
});

test("what git, Vercel and Evenkeel ignore stays behind, and a later rule brings it back", async () => {
  const source = tree(join(folder, "s"), {
    ".gitignore": "dist\n*.log\n/secret.txt\n",
    ".vercelignore": "docs\n",
    ".evenkeelignore": "!dist\nbig.bin\n",
    ".env": "kept",
    ".env.local": "left",
    ".git/config": "left",
    "node_modules/x/index.js": "left",
    "sub/node_modules/y.js": "left",
    "dist/index.html": "back",
    "docs/a.md": "left",
    "big.bin": "left",
    "secret.txt": "left",
    "sub/secret.txt": "kept",
    "sub/.gitignore": "tmp\n!keep.log\n",
    "sub/tmp/a": "left",
    "sub/keep.log": "kept",
    "sub/other.log": "left",
  });
  const packed = await packSource(source, join(folder, "a.tar"));
  await unpackSource(packed.path, join(folder, "out"));
  expect(listing(join(folder, "out"))).toEqual([
    ".env",
    ".evenkeelignore",
    ".vercelignore",
    "dist/index.html",
    "sub/keep.log",
    "sub/secret.txt",
  ]);
});

test("a prebuilt output is packed with the files its functions name, through the links on their way", async () => {
  const source = tree(join(folder, "s"), {
    ".vercel/output/config.json": '{"version":3}',
    ".vercel/output/functions/a.func/.vc-config.json": JSON.stringify({
      filePathMap: { "node_modules/p/i.js": "node_modules/p/i.js" },
    }),
    "node_modules/.pnpm/p@1/i.js": "p",
    "node_modules/.pnpm/q@1/i.js": "q",
    "src/a.ts": "left",
  });
  symlinkSync(".pnpm/p@1", join(source, "node_modules/p"));
  const packed = await packSource(source, join(folder, "a.tar"), { prebuilt: true });
  await unpackSource(packed.path, join(folder, "out"));
  expect(listing(join(folder, "out"))).toEqual([
    ".vercel/output/config.json",
    ".vercel/output/functions/a.func/.vc-config.json",
    "node_modules/.pnpm/p@1/i.js",
    "node_modules/p",
  ]);
});

test("packing --prebuilt without an output says what to do", async () => {
  tree(folder, { "package.json": "{}" });
  await expect(packSource(folder, join(folder, "a.tar"), { prebuilt: true })).rejects.toMatchObject({
    code: "build_without_output",
    hint: expect.stringContaining("vercel build"),
  });
});

test.each([
  ["a path that climbs", [{ name: "a/../../x", text: "x" }]],
  ["an absolute path", [{ name: "/etc/x", text: "x" }]],
  ["a link out", [{ name: "l", type: "symlink" as const, linkname: "../x" }]],
  ["an absolute link", [{ name: "l", type: "symlink" as const, linkname: "/etc" }]],
  [
    "a file through a link",
    [
      { name: "l", type: "symlink" as const, linkname: "d" },
      { name: "l/x", text: "x" },
    ],
  ],
  [
    "a link that climbs from where another leads",
    [
      { name: "a/b/up", type: "symlink" as const, linkname: "../.." },
      { name: "a/b/out", type: "symlink" as const, linkname: "up/../x" },
    ],
  ],
  ["a hard link", [{ name: "h", type: "link" as const, linkname: "x" }]],
  ["a device", [{ name: "dev", type: "character-device" as const }]],
  ["a pipe", [{ name: "pipe", type: "fifo" as const }]],
  [
    "the same file twice",
    [
      { name: "x", text: "1" },
      { name: "x", text: "2" },
    ],
  ],
])("an archive with %s is refused by name", async (_title, entries) => {
  const refused = entries.at(-1)!.name;
  const path = await tarOf(entries);
  const failure = await unpackSource(path, join(folder, "out/inner")).catch((error) => error);
  expect(failure).toMatchObject({ code: "source_entry_refused" });
  expect(failure.message).toContain(JSON.stringify(refused));
  expect(existsSync(join(folder, "x"))).toBe(false);
  expect(existsSync(join(folder, "out/x"))).toBe(false);
});

test("a source beyond a limit is refused, naming the file that goes beyond", async () => {
  const source = tree(join(folder, "s"), { "a.txt": "1", "b.txt": "22", "c.txt": "333" });
  const archive = join(folder, "a.tar");
  const names = (limits: object) =>
    packSource(source, archive, { limits }).then(
      () => "taken",
      (error) => `${error.code} ${error.message}`,
    );
  expect(await names({ fileCount: 2 })).toContain(
    'source_too_large The source has more than 2 files; "c.txt"',
  );
  expect(await names({ fileBytes: 2 })).toContain('The file "c.txt" has 3 B');
  expect(await names({ totalBytes: 2 })).toContain('"b.txt" goes beyond');
  await packSource(source, archive);
  await expect(unpackSource(archive, join(folder, "out"), { totalBytes: 5 })).rejects.toMatchObject({
    code: "source_too_large",
  });
});

test("an archive that was cut is refused, wherever it was cut", async () => {
  const source = tree(join(folder, "s"), { "a.bin": Buffer.alloc(50_000, "abc").toString(), "b.txt": "b" });
  const packed = await packSource(source, join(folder, "a.tar"));
  for (const [index, part] of [0.3, 0.6, 0.8].entries()) {
    writeFileSync(join(folder, "cut.tar"), readFileSync(packed.path));
    truncateSync(join(folder, "cut.tar"), Math.floor(packed.sizeBytes * part));
    await expect(unpackSource(join(folder, "cut.tar"), join(folder, `out${index}`))).rejects.toMatchObject({
      code: "source_unreadable",
    });
  }
});
