import { createHmac } from "node:crypto";

/** `20260301/us-east-1/s3/aws4_request`: what a signature is good for. */
export interface CredentialScope {
  accessKeyId: string;
  date: string;
  region: string;
}

export const scopeText = ({ date, region }: CredentialScope): string => `${date}/${region}/s3/aws4_request`;

/** The key of one day and region, from which a secret cannot be worked out. */
export function signingKey(secretAccessKey: string, { date, region }: CredentialScope): Buffer {
  const ofDay = hmac(`AWS4${secretAccessKey}`, date);
  return hmac(hmac(hmac(ofDay, region), "s3"), "aws4_request");
}

export const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
