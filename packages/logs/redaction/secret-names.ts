/** What a name ends in whose value nobody is to read, without capitals and signs: `X-Api-Key` ends in `apikey`. */
const secretEnds =
  /(?:password|passwd|passphrase|pwd|secret|token|apikey|accesskey|privatekey|secretkey|signingkey|encryptionkey|masterkey|authkey|authorization|cookie|cookies|credential|credentials|dsn|connectionstring|databaseurl|jwt|cvc|cvv|cardnumber|ssn|otp)$/;
/** Values of these are made unreadable, but alike values stay alike. */
const personalEnds = /(?:email|emailaddress|phone|phonenumber|mobilenumber|telephone)$/;
/** As environments have them: `STRIPE_KEY`. In small letters a key is mostly that of a map or a table. */
const keyInCapitals = /^[A-Z0-9_]*_KEY$/;

export type NameKind = "secret" | "email" | "phone" | undefined;

const known = new Map<string, NameKind>();

/** What the value of a field or variable of this name is, as far as its name says. */
export function kindOfName(name: string): NameKind {
  if (known.has(name)) return known.get(name);
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  let kind: NameKind;
  if (secretEnds.test(plain) || keyInCapitals.test(name)) kind = "secret";
  else if (personalEnds.test(plain))
    kind = plain.endsWith("email") || plain.endsWith("address") ? "email" : "phone";
  // Apps print a few names over and over; one that makes them up must not fill the memory.
  if (known.size < 4_096 && name.length <= 64) known.set(name, kind);
  return kind;
}
