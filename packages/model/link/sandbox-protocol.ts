/**
 * How instances reach the twins of outside providers. The sandbox writes it (`HomeLayout.sandboxRoutes`), the host reads it when it starts an
 * instance whose deployment has `sandboxProvidersVariable`, and the launcher leads connections accordingly.
 */
export interface SandboxRoutes {
  /** On 127.0.0.1. */
  port: number;
  /** On 127.0.0.1, with TLS for `hosts`. */
  tlsPort: number;
  /** PEM; proves the sandbox for these connections alone. */
  certificate: string;
  /** Provider → host names that its SDK asks. */
  hosts: Record<string, string[]>;
}

/** Of a deployment: the providers whose twins it talks to, by name, separated by commas. The app does not see it. */
export const sandboxProvidersVariable = "EVENKEEL_SANDBOX_PROVIDERS";

/** From host to launcher: `SandboxLead` as JSON. The app does not see it. */
export const sandboxLeadVariable = "EVENKEEL_SANDBOX_LEAD";

export interface SandboxLead {
  tlsPort: number;
  certificate: string;
  hosts: string[];
}
