import type { PasskeyQuestion } from "@evenkeel/control/api/contract/index";

export interface PasskeyAnswer {
  challenge: string;
  response: { id: string; response: Record<string, unknown> };
}

export const hasPasskeys = (): boolean => "PublicKeyCredential" in globalThis;

/** Has the browser prove that the person holds a passkey. Rejects where they think better of it. */
export async function answerByPasskey({ challenge, options }: PasskeyQuestion): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as PublicKeyCredentialRequestOptionsJSON,
  );
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  return { challenge, response: credential.toJSON() as unknown as PasskeyAnswer["response"] };
}

/** Has the browser make a passkey. */
export async function makePasskey({ challenge, options }: PasskeyQuestion): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as PublicKeyCredentialCreationOptionsJSON,
  );
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  return { challenge, response: credential.toJSON() as unknown as PasskeyAnswer["response"] };
}
