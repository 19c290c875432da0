/** Why the API refused, or that it could not be asked: what a person is shown. */
export class ApiFault extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(
    { code, message, hint }: { code: string; message: string; hint?: string },
    readonly status: number,
  ) {
    super(message);
    this.code = code;
    this.hint = hint;
  }

  static unreachable(): ApiFault {
    return new ApiFault(
      {
        ...{ code: "unreachable", message: "The platform does not answer" },
        hint: "What you see is from before. Your apps are served by other processes; this page goes on by itself.",
      },
      0,
    );
  }

  static async of(response: Response): Promise<ApiFault> {
    const text = await response.text().catch(() => "");
    try {
      const { error } = JSON.parse(text);
      if (typeof error?.code === "string") return new ApiFault(error, response.status);
    } catch {
      // Not the API's: a proxy on the way.
    }
    return new ApiFault(
      { code: "unexpected_answer", message: `The API answered with status ${response.status} and no reason` },
      response.status,
    );
  }

  /** The control plane is away, not the request wrong: it is asked again by itself. */
  get isOutage(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

export const faultOf = (error: unknown): ApiFault =>
  error instanceof ApiFault
    ? error
    : new ApiFault({ code: "page", message: error instanceof Error ? error.message : String(error) }, -1);
