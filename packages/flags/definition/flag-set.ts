/** A flag in flagd's format, https://flagd.dev/reference/flag-definitions/. */
export interface FlagDefinition {
  state: "ENABLED" | "DISABLED";
  variants: Record<string, unknown>;
  /** Absent or null: the default in the app's code. */
  defaultVariant?: string | null;
  /** JsonLogic with flagd's operators (`fractional`, `sem_ver`, `starts_with`, `ends_with`) → a variant, or null for the default one. */
  targeting?: unknown;
  /** `public: true`: browsers may ask for it; see `isPublic`. */
  metadata?: Record<string, string | number | boolean>;
}

/** What an app declares: flagd's JSON document. */
export interface FlagSet {
  flags: Record<string, FlagDefinition>;
  /** Parts of targeting rules that several flags share, by `{"$ref": name}`. */
  $evaluators?: Record<string, unknown>;
  metadata?: Record<string, string | number | boolean>;
}

/** What a person changed at run time; it stands over the declaration until it is reset. */
export type FlagOverride =
  /** Everybody gets this variant; targeting does not count. */
  | { variant: string }
  /** Everybody gets the default in the app's code. */
  | { disabled: true };

export type FlagOverrides = Record<string, FlagOverride>;

/** Only flags that say so are shown to browsers: names of features that are not out yet are nobody's business. */
export const isPublic = (flag: Pick<FlagDefinition, "metadata">): boolean =>
  flag.metadata?.["public"] === true;

/** The declaration with what was changed at run time. Overrides of flags or variants that are not declared any more do not count. */
export function effectiveFlagSet(declared: FlagSet, overrides: FlagOverrides): FlagSet {
  const flags: Record<string, FlagDefinition> = {};
  for (const [key, flag] of Object.entries(declared.flags)) {
    const override = Object.hasOwn(overrides, key) ? overrides[key] : undefined;
    flags[key] = override ? overridden(flag, override) : flag;
  }
  return { ...declared, flags };
}

function overridden(flag: FlagDefinition, override: FlagOverride): FlagDefinition {
  if ("disabled" in override) return { ...flag, state: "DISABLED" };
  if (!Object.hasOwn(flag.variants, override.variant)) return flag;
  const { targeting: _, ...rest } = flag;
  return { ...rest, state: "ENABLED", defaultVariant: override.variant };
}
