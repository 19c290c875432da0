import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";

export interface HostCertificate {
  /** PEM. */
  certificate: string;
  /** PEM. */
  privateKey: string;
}

const validDays = 825;
const renewBeforeMs = 30 * 86_400_000;

/**
 * A certificate for the providers' host names, made once and kept. It signs itself and nothing else, and only the connections that are led
 * to the sandbox trust it: there is no authority whose key could vouch for other names.
 */
export async function loadOrCreateCertificate(
  path: string,
  hosts: readonly string[],
): Promise<HostCertificate> {
  const kept = read(path);
  if (kept && serves(kept.certificate, hosts)) return kept;
  const made = await create(hosts);
  writeFileDurably(path, JSON.stringify(made), 0o600);
  return made;
}

function read(path: string): HostCertificate | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as HostCertificate;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function serves(certificate: string, hosts: readonly string[]): boolean {
  const read = new X509Certificate(certificate);
  return (
    Date.parse(read.validTo) - Date.now() > renewBeforeMs &&
    hosts.every((host) => read.checkHost(host) !== undefined)
  );
}

async function create(hosts: readonly string[]): Promise<HostCertificate> {
  // Only here: it takes 100 ms to load, and the sandbox starts without it ever after.
  await import("reflect-metadata");
  const { ExtendedKeyUsageExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } =
    await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex"),
    name: "CN=Evenkeel sandbox",
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + validDays * 86_400_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension(hosts.map((host) => ({ type: "dns", value: host }))),
      new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, "$1\n").trim()}\n-----END PRIVATE KEY-----\n`;
  return { certificate: certificate.toString("pem"), privateKey };
}
