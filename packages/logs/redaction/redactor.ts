import { createHmac } from "node:crypto";
import { hint, patternKinds, type SecretKind, secretPattern } from "./patterns.ts";
import { kindOfName } from "./secret-names.ts";

/** What an app declares as safe. */
export interface SafeParts {
  safeFields: string[];
  safeValues: string[];
}

/** Names within values of names. */
const mostNested = 4;
const rememberedValues = 10_000;
/** Addresses that stand in every trace of a package manager and are nobody's. */
const publicAddresses = new Set(["git@github.com", "git@gitlab.com", "git@bitbucket.org"]);

/**
 * Takes secrets and personal data out of lines before they are written down: by what they look like, and by the names of fields. A
 * placeholder says what stood there. Addresses and telephone numbers get a mark that is the same for the same value (`[email:3f9ac01b]`, a
 * keyed hash), so that one person's lines can still be found together; secrets get none.
 */
export class Redactor {
  private readonly marks = new Map<string, string>();
  private readonly safeFields: Set<string>;
  private readonly safeValues: Set<string>;

  /** @param key of this app: the same value has another mark elsewhere */
  constructor(
    private readonly key: Uint8Array,
    safe: SafeParts = { safeFields: [], safeValues: [] },
  ) {
    this.safeFields = new Set(safe.safeFields.map(plainName));
    this.safeValues = new Set(safe.safeValues.map((value) => value.toLowerCase()));
  }

  /** Whether anything of a line, as it was printed, may have to be taken out. */
  isSuspicious(raw: string): boolean {
    // Letters can be written as their numbers in JSON.
    return hint.test(raw) || raw.includes("\\u");
  }

  text(text: string, depth = 0): string {
    if (!hint.test(text)) return text;
    if (depth > mostNested) return "[secret]";
    return text.replace(secretPattern, (...match: unknown[]) => {
      const found = match[0] as string;
      const groups = match.at(-1) as Record<string, string | undefined>;
      const [, kind] = patternKinds.find(([group]) => groups[group] !== undefined)!;
      return kind === "named" ? this.named(found, groups, depth) : this.placeholder(kind, found);
    });
  }

  /** The same for a value of a field, however deep; `name` is the field's. */
  value(value: unknown, name: string, depth = 0): unknown {
    if (value === null || typeof value === "boolean" || value === undefined) return value;
    const isSafe = this.safeFields.size > 0 && this.safeFields.has(plainName(name));
    if (isSafe) return value;
    const kind = kindOfName(name);
    if (kind === "secret") return value === "" ? value : "[secret]";
    if (kind !== undefined && typeof value !== "object") {
      const text = String(value);
      return text === "" || text.startsWith("[") ? value : this.placeholder(kind, text);
    }
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object") return value;
    // As deep as nobody's fields are.
    if (depth > 16) return "[too deep]";
    if (Array.isArray(value)) return value.map((item) => this.value(item, "", depth + 1));
    return this.fields(value as Record<string, unknown>, depth + 1);
  }

  fields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
    const redacted: Record<string, unknown> = {};
    for (const name of Object.keys(fields)) {
      redacted[hint.test(name) ? this.text(name) : name] = this.value(fields[name], name, depth);
    }
    return redacted;
  }

  private named(found: string, groups: Record<string, string | undefined>, depth: number): string {
    const { name, between, value } = groups as Record<"name" | "between" | "value", string>;
    // A name that says nothing, or the app calls safe: its value may still look like a secret.
    if (kindOfName(name) !== "secret" || this.safeFields.has(plainName(name))) {
      return `${name}${between}${this.text(value, depth + 1)}`;
    }
    if (/^(?:"?\[|(?:true|false|null|undefined)$)/.test(value)) return found;
    // A scheme is no secret: what it introduces is, and follows.
    if (/^(?:bearer|basic)$/i.test(value)) return found;
    const quote = /^\\?["'`]/.exec(value)?.[0] ?? "";
    return `${name}${between}${quote}[secret]${quote}`;
  }

  private placeholder(kind: SecretKind | "secret", found: string): string {
    if (kind !== "email" && kind !== "phone") return `[${kind}]`;
    const value = kind === "email" ? found.toLowerCase() : found.replace(/[^\d+]/g, "");
    if (publicAddresses.has(value) || this.isSafe(value)) return found;
    return `[${kind}:${this.mark(value)}]`;
  }

  private isSafe(value: string): boolean {
    if (this.safeValues.size === 0) return false;
    const at = value.indexOf("@");
    return this.safeValues.has(value) || (at !== -1 && this.safeValues.has(value.slice(at)));
  }

  private mark(value: string): string {
    let mark = this.marks.get(value);
    if (mark === undefined) {
      mark = createHmac("sha256", this.key).update(value).digest("hex").slice(0, 8);
      if (this.marks.size >= rememberedValues) this.marks.clear();
      this.marks.set(value, mark);
    }
    return mark;
  }
}

const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
