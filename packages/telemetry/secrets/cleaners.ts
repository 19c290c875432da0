import type { LogIntake } from "@evenkeel/logs";
import { type AppName, type DeploymentId, type MaskSecrets, secretMasker } from "@evenkeel/model";
import type { Span } from "@evenkeel/model/link/span";
import type { Attributes, Cleaner } from "../otlp/attributes.ts";

interface Known {
  mask: MaskSecrets;
  atMs: number;
}

/** Deployments whose masks are kept, each with tables of up to 64 KiB. */
const masksKept = 64;
/** Then the host is asked again. */
const maskAgeMs = 10 * 60_000;

/** Who sends: what may be written down depends on the deployment's variables and on what its app calls safe. */
export interface CleanedSender {
  app: string;
  deployment: string;
}

/**
 * Takes the values of secrets and what looks like one out of what apps and edges tell, before any of it is kept: the same two ways as for
 * lines of output.
 */
export class Cleaners {
  private readonly masks = new Map<string, Known>();

  constructor(
    private readonly secretsOf: (deployment: DeploymentId) => Promise<Record<string, string> | undefined>,
    private readonly logs: LogIntake,
  ) {}

  /** Undefined: the deployment is gone. @throws SecretsUnknownError */
  async of({ app, deployment }: CleanedSender, nowMs = Date.now()): Promise<Cleaner | undefined> {
    const mask = await this.maskOf(deployment, nowMs);
    if (!mask) return undefined;
    const intake = this.logs.app(app as AppName);
    intake.refresh(nowMs);
    const redactor = intake.redactor();
    return {
      text: (text, isCut) => redactor.text(mask(text, isCut)),
      attributes: (attributes) => redactor.fields(attributes) as Attributes,
    };
  }

  private async maskOf(deployment: string, nowMs: number): Promise<MaskSecrets | undefined> {
    const known = this.masks.get(deployment);
    if (known && nowMs - known.atMs < maskAgeMs) return known.mask;
    const secrets = await this.secretsOf(deployment as DeploymentId);
    this.masks.delete(deployment);
    if (!secrets) return undefined;
    const mask = secretMasker(secrets);
    this.masks.set(deployment, { mask, atMs: nowMs });
    if (this.masks.size > masksKept) this.masks.delete(this.masks.keys().next().value!);
    return mask;
  }
}

/** A span that edges or launchers made: its path and messages are a client's or an app's words. */
export function cleanSpan(span: Span, cleaner: Cleaner): Span {
  const values = (attributes: Record<string, unknown>): Record<string, unknown> =>
    cleaner.attributes(
      Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [
          name,
          typeof value === "string" ? cleaner.text(value, false) : value,
        ]),
      ) as Attributes,
    );
  return {
    ...span,
    name: cleaner.text(span.name, false),
    ...(span.message === undefined ? {} : { message: cleaner.text(span.message, false) }),
    attributes: values(span.attributes),
  };
}
