import type { EvaluationContext, FlagMetadata, JsonValue } from "@openfeature/core";
import { FlagdCore } from "@openfeature/flagd-core";
import { type FlagSet, isPublic } from "../definition/flag-set.ts";
import { silentLogger } from "../definition/silent-logger.ts";

/** One flag for one context, in the words of OFREP. */
export interface FlagEvaluation {
  key: string;
  /** `STATIC`, `TARGETING_MATCH`, `DEFAULT`, `DISABLED`. */
  reason: string;
  /** Absent: the default in the app's code. */
  value?: JsonValue;
  variant?: string;
  metadata: FlagMetadata;
}

export interface FlagFailure {
  key: string;
  errorCode: "FLAG_NOT_FOUND" | "PARSE_ERROR" | "GENERAL";
  errorDetails: string;
}

/** Evaluates one flag set. Rules are interpreted, never compiled: they come from apps, and code made of them would run beside other apps' requests. */
export class FlagEvaluator {
  private readonly core = new FlagdCore(undefined, silentLogger, { disableDynamicCodeGeneration: true });

  /** @throws what flagd-core throws for a set that `parseFlagSet` has not seen */
  constructor(private readonly set: FlagSet) {
    this.core.setConfigurations(JSON.stringify(set));
  }

  /** @param shown which flags there are for whoever asks: all, or those for browsers */
  evaluate(key: string, context: EvaluationContext, shown: "all" | "public"): FlagEvaluation | FlagFailure {
    const flag = this.core.getFlag(key);
    if (!flag || (shown === "public" && !this.isPublic(key))) {
      return { key, errorCode: "FLAG_NOT_FOUND", errorDetails: `There is no flag "${key}"` };
    }
    const { metadata } = flag;
    if (flag.state === "DISABLED") return { key, reason: "DISABLED", metadata };
    const resolved = flag.evaluate(context, silentLogger);
    if (resolved.reason === "ERROR") {
      return {
        key,
        errorCode: resolved.errorCode === "PARSE_ERROR" ? "PARSE_ERROR" : "GENERAL",
        errorDetails: resolved.errorMessage ?? `Flag "${key}" cannot be evaluated`,
      };
    }
    return {
      ...{ key, reason: resolved.reason, metadata },
      ...(resolved.value === undefined ? {} : { value: resolved.value as JsonValue }),
      ...(resolved.variant === undefined ? {} : { variant: resolved.variant }),
    };
  }

  evaluateAll(context: EvaluationContext, shown: "all" | "public"): (FlagEvaluation | FlagFailure)[] {
    return Object.keys(this.set.flags)
      .filter((key) => shown === "all" || this.isPublic(key))
      .map((key) => this.evaluate(key, context, shown));
  }

  private isPublic(key: string): boolean {
    const flag = this.set.flags[key];
    return flag !== undefined && isPublic({ metadata: { ...this.set.metadata, ...flag.metadata } });
  }
}
