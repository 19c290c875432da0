/** A shorter piece of base64 is part of any other. */
const shortestEncoded = 8;

/**
 * The ways in which programs print a text: as it is, escaped in JSON (also twice), encoded for URLs and forms, in hexadecimal, and in base64 at each
 * of the three places that it can have among other bytes (as in `Authorization: Basic`), in both alphabets. Pure.
 */
export function formsOf(text: string): Set<string> {
  const value = text.toWellFormed();
  const escaped = jsonEscaped(value);
  const component = encodeURIComponent(value);
  const forms = new Set([
    ...[text, escaped, jsonEscaped(escaped), component],
    component.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams([["", value]]).toString().slice(1),
  ]);
  const bytes = Buffer.from(value);
  for (const form of [bytes.toString("hex"), ...base64Forms(bytes)])
    if (form.length >= shortestEncoded) forms.add(form);
  return forms;
}

const jsonEscaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Without the characters at either end that hold bits of what stands before and after. */
function* base64Forms(bytes: Buffer): Generator<string> {
  for (const before of [0, 1, 2]) {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((all.length * 8) / 6);
    yield all.toString("base64").slice(from, to);
    yield all.toString("base64url").slice(from, to);
  }
}
