import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { openTarget } from "../archive/open-target.ts";
import { S3Server } from "../testing/s3-server.ts";
import { FileCopier } from "./file-copier.ts";
import { expiredSnapshots, listSnapshots, readNewestSnapshot, snapshotName } from "./file-snapshot.ts";
import { restoreHomeFiles } from "./restore-home-files.ts";

let folder: string;
let layout: HomeLayout;
let archive: Archive;
let server: S3Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-copy-"));
  layout = homeLayout(join(folder, "home"));
  server = new S3Server();
  archive = new Archive(openTarget(server.spec("_platform/files")), ArchiveKey.generate());
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const limitMs = 60_000;

function put(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

async function restored(): Promise<HomeLayout> {
  const other = homeLayout(join(folder, "other"));
  rmSync(other.home, { recursive: true, force: true });
  mkdirSync(other.home);
  await restoreHomeFiles(other, archive, (await readNewestSnapshot(archive))!);
  return other;
}

function git(...words: string[]): string {
  const identity = {
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@b",
    GIT_COMMITTER_NAME: "a",
    GIT_COMMITTER_EMAIL: "a@b",
  };
  const { success, stdout, stderr } = Bun.spawnSync(["git", ...words], {
    env: { ...process.env, ...identity },
  });
  if (!success) throw new Error(`git ${words.join(" ")}: ${stderr}`);
  return stdout.toString().trim();
}

test("keys, settings, outputs and databases' records come back as they were; the recovery key and what is made anew stay out", async () => {
  const big = new Uint8Array(2_500_000).map((_, index) => index % 251);
  put(layout.config, '{"port":8080}');
  put(layout.masterKey, "master", 0o600);
  put(`${layout.keys}/databases/ab.archive.key`, "its key", 0o600);
  put(`${layout.postgres}/apps/shop/production/cluster.json`, "{}", 0o600);
  put(`${layout.artifactFiles}/ab/abcd`, big, 0o444);
  put(`${layout.artifactFiles}/cd/cdef`, "", 0o444);
  put(`${layout.artifactOutputs}/abcd.json`, "{}", 0o444);
  for (const name of ["bucket.json", "objects.copy", "data/ab/abcd"])
    put(`${layout.blobs}/shop/production/${name}`, name);
  for (const path of [
    ...[layout.recoveryKey, layout.recoveryKeyExported, layout.archivePlace, layout.formerArchivePlaces],
    ...[`${layout.postgres}/apps/shop/production/data/PG_VERSION`, `${layout.logs}/platform/control.log`],
    `${layout.artifactFiles}/ab/half.tmp-1`,
    ...["objects.sqlite", "incoming/abc"].map((name) => `${layout.blobs}/shop/production/${name}`),
    `${layout.blobs}/shop/preview.removed-1/bucket.json`,
  ]) {
    put(path, "not to be copied");
  }
  await new FileCopier(layout, archive).copyIfChanged();
  const other = await restored();
  const snapshot = (await readNewestSnapshot(archive))!;
  expect(snapshot.files.map(({ path }) => path).sort()).toEqual([
    ...["artifacts/files/ab/abcd", "artifacts/files/cd/cdef", "artifacts/outputs/abcd.json"],
    ...[
      "blobs/shop/production/bucket.json",
      "blobs/shop/production/data/ab/abcd",
      "blobs/shop/production/objects.copy",
    ],
    "config.json",
    ...["keys/databases/ab.archive.key", "keys/master.key", "postgres/apps/shop/production/cluster.json"],
  ]);
  expect(readFileSync(`${other.artifactFiles}/ab/abcd`).equals(big)).toBe(true);
  expect(readFileSync(other.masterKey, "utf8")).toBe("master");
  expect(statSync(other.masterKey).mode & 0o777).toBe(0o600);
  expect(statSync(other.keys).mode & 0o777).toBe(0o700);
  expect(statSync(`${other.artifactFiles}/ab/abcd`).mode & 0o777).toBe(0o444);
  // Nobody without the key reads a name or a byte.
  const bytes = [...server.objects].map(
    ([key, object]) => `${key}${Buffer.from(object.bytes).toString("latin1")}`,
  );
  expect(bytes.some((text) => text.includes("master"))).toBe(false);
});

test("only what has changed is stored again, by the next keeper too, and an archive that fails loses nothing", async () => {
  put(layout.config, "one");
  put(`${layout.artifactFiles}/ab/abcd`, "content");
  put(`${layout.artifactOutputs}/1.json`, "{}");
  const copier = new FileCopier(layout, archive);
  await copier.copyIfChanged();
  const before = server.objects.size;
  await copier.copyIfChanged();
  await new FileCopier(layout, archive).copyIfChanged();
  // Its list takes the place of the one before, with the same content.
  expect(server.objects.size).toBe(before);
  server.fault = (method) =>
    method === "PUT" ? { kind: "status", status: 403, code: "QuotaExceeded" } : undefined;
  put(layout.config, "two, longer");
  await expect(copier.copyIfChanged()).rejects.toMatchObject({ code: "archive_unavailable" });
  server.fault = undefined;
  await copier.copyIfChanged();
  expect(readFileSync((await restored()).config, "utf8")).toBe("two, longer");
});

test(
  "a repository that is pushed to and packed meanwhile is whole in every copy",
  async () => {
    const repository = join(layout.git, "shop.git");
    mkdirSync(layout.git, { recursive: true });
    git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", repository);
    const at = ["--git-dir", repository];
    const empty = git(...at, "hash-object", "-t", "tree", "-w", "/dev/null");
    let parent: string[] = [];
    let commits = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) {
        const commit = git(...at, "commit-tree", empty, ...parent, "-m", `commit ${++commits}`);
        git(...at, "update-ref", "refs/heads/main", commit);
        parent = ["-p", commit];
        if (commits % 10 === 0) git(...at, "gc", "--quiet", "--prune=now");
        await Bun.sleep(1);
      }
    })();
    try {
      const copier = new FileCopier(layout, archive);
      for (let round = 0; round < 5; round++) {
        await copier.copyIfChanged();
        const other = await restored();
        const copy = join(other.git, "shop.git");
        expect(git("--git-dir", copy, "fsck", "--connectivity-only", "--no-dangling")).toBe("");
      }
    } finally {
      writing = false;
      await writer;
    }
  },
  limitMs,
);

test("of old copies the last of each of seven days is kept, and content that only the others named goes", async () => {
  const at = (text: string) => snapshotName(Date.parse(text));
  const names = [
    ...[at("2026-03-01T10:00Z"), at("2026-03-09T08:00Z"), at("2026-03-09T20:00Z")],
    ...[at("2026-03-10T01:00Z"), at("2026-03-10T02:00Z")],
  ];
  const now = Date.parse("2026-03-10T03:00Z");
  expect(expiredSnapshots(names, now)).toEqual([names[0]!, names[1]!, names[3]!]);
  // Even the only one, however old.
  expect(expiredSnapshots([names[0]!], now)).toEqual([]);

  const copier = new FileCopier(layout, archive);
  put(layout.config, "first content");
  await copier.copyIfChanged();
  put(layout.config, "still the first day");
  await copier.copyIfChanged();
  // A platform that changes all the time keeps one list a day.
  expect(await listSnapshots(archive)).toHaveLength(1);
  put(layout.config, "second content, longer");
  await new FileCopier(layout, archive).copyIfChanged();
  expect(await listSnapshots(archive)).toHaveLength(1);
  expect(await archive.list("chunks/")).toHaveLength(1);
  expect(readFileSync((await restored()).config, "utf8")).toBe("second content, longer");
});
