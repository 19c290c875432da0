import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { syncFolder } from "@evenkeel/disk";
import { EvenkeelError, formatSize, type HomeLayout, parseHash } from "@evenkeel/model";
import { SourceTooLargeError, UploadCorruptError, UploadIncompleteError } from "../errors.ts";
import { storeError } from "../store/make-durable.ts";
import { incomingPrefix, uploadPath } from "./upload-layout.ts";

const largestUploadBytes = 2 * 1024 ** 3;

/**
 * Stores an uploaded archive at `uploads/<sha256>.tar`, durably, only if exactly the declared bytes came; else nothing of it stays.
 * An archive that is there already is not read again.
 *
 * @returns the archive's path
 * @throws UploadIncompleteError (`upload_incomplete`), UploadCorruptError (`upload_corrupt`), SourceTooLargeError, StoreFullError
 */
export async function receiveUpload(
  layout: HomeLayout,
  declared: { sha256: string; sizeBytes: number },
  body: ReadableStream<Uint8Array>,
): Promise<string> {
  const path = uploadPath(layout, parseHash(declared.sha256));
  if (!(declared.sizeBytes <= largestUploadBytes)) {
    await body.cancel();
    throw new SourceTooLargeError(
      `An upload of ${formatSize(declared.sizeBytes)} was refused; ${formatSize(largestUploadBytes)} is the most`,
      { hint: "List what the build does not need in .evenkeelignore or .vercelignore." },
    );
  }
  if (existsSync(path) && statSync(path).size === declared.sizeBytes) {
    await body.cancel();
    return path;
  }
  await mkdir(layout.uploads, { recursive: true, mode: 0o700 });
  const incoming = `${layout.uploads}/${incomingPrefix}${crypto.randomUUID()}`;
  try {
    await receive(incoming, declared, body);
    await rename(incoming, path);
    syncFolder(layout.uploads);
    return path;
  } catch (error) {
    if (error instanceof EvenkeelError) throw error;
    throw storeError(error);
  } finally {
    await rm(incoming, { force: true });
  }
}

async function receive(
  incoming: string,
  declared: { sha256: string; sizeBytes: number },
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const incomplete = (receivedBytes: number, cause?: unknown) =>
    new UploadIncompleteError(
      `The upload ended after ${receivedBytes} of ${declared.sizeBytes} bytes; nothing was deployed`,
      { hint: "Deploy again.", cause },
    );
  const hash = createHash("sha256");
  const reader = body.getReader();
  const file = await open(incoming, "wx", 0o600);
  let receivedBytes = 0;
  try {
    while (true) {
      const piece = await reader.read().catch((cause: unknown) => {
        throw incomplete(receivedBytes, cause);
      });
      if (piece.done) break;
      receivedBytes += piece.value.length;
      if (receivedBytes > declared.sizeBytes) {
        throw new UploadCorruptError(
          `The upload has more than the ${declared.sizeBytes} bytes that it declared`,
          {
            hint: "Deploy again.",
          },
        );
      }
      hash.update(piece.value);
      await file.writeFile(piece.value);
    }
    if (receivedBytes < declared.sizeBytes) throw incomplete(receivedBytes);
    if (hash.digest("hex") !== declared.sha256) {
      throw new UploadCorruptError("The upload's bytes do not have the sha256 that it declared", {
        hint: "They were changed on the way; deploy again.",
      });
    }
    await file.sync();
  } finally {
    await reader.cancel().catch(() => {});
    await file.close();
  }
}
