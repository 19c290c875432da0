/**
 * How instances reach the twins of outside providers. The sandbox writes it (`HomeLayout.sandboxRoutes`), the host reads it when it starts an
 * instance whose deployment has `sandboxProvidersVariable`, and the launcher leads connections accordingly.
 */
export interface SandboxRoutes {
  /** On 127.0.0.1. */
  port: number;
  /** On 127.0.0.1, with TLS for `hosts`. */
  tlsPort: number;
  /** Provider → port on 127.0.0.1 of a twin that speaks something else than HTTP. */
  listeners: Record<string, number>;
  /** PEM; proves the sandbox for these connections alone. */
  certificate: string;
  /** Provider → host names that its SDK asks. */
  hosts: Record<string, string[]>;
  /** `app/environment` of those that have twins because somebody asked for them. */
  enabled: string[];
  /** Of those that have them anyhow, where somebody wants none. */
  disabled: string[];
}

/** Environments that have twins without being asked. */
export const usualSandboxEnvironments: ReadonlySet<string> = new Set(["development", "preview"]);

/** Whether deployments of an app environment talk to twins. Pure. */
export function hasTwins({ enabled, disabled }: SandboxRoutes, app: string, environment: string): boolean {
  const key = `${app}/${environment}`;
  return usualSandboxEnvironments.has(environment) ? !disabled.includes(key) : enabled.includes(key);
}

/** Of a deployment: the providers whose twins it talks to, by name, separated by commas. The app does not see it. */
export const sandboxProvidersVariable = "EVENKEEL_SANDBOX_PROVIDERS";

/** `SandboxLead` as JSON: from host to launcher, where functions do not see it, and to what runs without one. */
export const sandboxLeadVariable = "EVENKEEL_SANDBOX_LEAD";

export interface SandboxLead {
  /** For plain HTTP, with the provider's name as the host. */
  port: number;
  tlsPort: number;
  certificate: string;
  hosts: string[];
}

/** What the sandbox gives to deployments of one app environment. */
export interface SandboxAttachment {
  /** Provider → the variables that apps usually read. */
  variables: Record<string, Record<string, string>>;
}
