import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { DeploymentId, HostedDeployment } from "@evenkeel/model";
import { SealBrokenError } from "../errors.ts";

const formatVersion = 2;
const nonceBytes = 12;
const tagBytes = 16;

/** What is sealed together. */
export type SealedVariables = Pick<HostedDeployment, "environment" | "plain">;

/** The key of sealed environments; other uses of the master key derive others. */
export const environmentKey = (masterKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", masterKey, "", "evenkeel host environments", 32));

/**
 * An environment as it may stand on disk: version byte, nonce, AES-256-GCM tag, ciphertext. The deployment's id is associated data, so that
 * a file put in another's place is not opened.
 */
export function sealEnvironment(
  key: Uint8Array,
  deployment: DeploymentId,
  { environment, plain }: SealedVariables,
): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(deployment));
  const sealed = Buffer.concat([
    cipher.update(JSON.stringify({ environment, plain }), "utf8"),
    cipher.final(),
  ]);
  return Buffer.concat([Buffer.from([formatVersion]), nonce, cipher.getAuthTag(), sealed]);
}

/** @param keys of which one opens it @throws SealBrokenError */
export function openEnvironment(
  keys: Uint8Array[],
  deployment: DeploymentId,
  sealed: Uint8Array,
): SealedVariables {
  let cause: unknown;
  for (const key of keys) {
    try {
      return openWith(key, deployment, Buffer.from(sealed));
    } catch (error) {
      cause = error;
    }
  }
  throw new SealBrokenError(`The environment of deployment ${deployment} cannot be opened`, {
    hint: "It was sealed with another master key, or its file is damaged; control will tell it again.",
    cause,
  });
}

function openWith(key: Uint8Array, deployment: DeploymentId, bytes: Buffer): SealedVariables {
  if (bytes[0] !== formatVersion) throw new RangeError(`format version ${bytes[0]}`);
  const nonce = bytes.subarray(1, 1 + nonceBytes);
  const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(deployment));
  decipher.setAuthTag(tag);
  const text = decipher.update(bytes.subarray(1 + nonceBytes + tagBytes), undefined, "utf8");
  return JSON.parse(text + decipher.final("utf8")) as SealedVariables;
}
