import { createHash } from "node:crypto";
import { environment } from "../environment.ts";
import { askVapi } from "./client.ts";
import { signatureHeader, timestampHeader } from "./verify-webhook.ts";

const known = new Map<string, string>();

/**
 * The credential by which Vapi signs its messages to us, made where there is none yet for our key. Its name holds a fingerprint of the key, so that a
 * new key makes a new credential, and calls that run go on with the old one.
 *
 * https://docs.vapi.ai/server-url/server-authentication
 *
 * @throws VapiError
 */
export async function webhookCredential(): Promise<string> {
  const secret = environment().WEBHOOK_SHARED_SECRET;
  const name = `autolynx ${createHash("sha256").update(`name ${secret}`).digest("hex").slice(0, 16)}`;
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const listed = await askVapi<{ id: string; name?: string }[]>("GET", "/credential");
  const found =
    listed.find((each) => each.name === name) ??
    (await askVapi<{ id: string }>("POST", "/credential", {
      provider: "custom-credential",
      name,
      authenticationPlan: {
        type: "hmac",
        secretKey: secret,
        algorithm: "sha256",
        signatureHeader,
        timestampHeader,
        payloadFormat: "{timestamp}.{body}",
        includeTimestamp: true,
        signatureEncoding: "hex",
      },
    }));
  known.set(name, found.id);
  return found.id;
}

/** Where Vapi says that it does not know the credential any more. */
export function forgetCredential(): void {
  known.clear();
}
