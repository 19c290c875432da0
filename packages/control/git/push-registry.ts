import type { AppName } from "@evenkeel/model";
import { randomId } from "@evenkeel/model";
import { UnauthenticatedError } from "../errors.ts";
import type { Caller } from "../tokens/caller.ts";
import { newTokenText, readTokenText, sameHash, type TokenText } from "../tokens/token-text.ts";

export interface Push {
  id: string;
  app: AppName;
  /** Who pushes; what the hook asks for is done in their name. */
  caller: Caller;
}

/** The git pushes under way. Each has a secret that only its own hook is told; it is worth nothing afterwards. */
export class PushRegistry {
  private readonly pushes = new Map<string, { push: Push; secret: TokenText }>();

  open(app: AppName, caller: Caller): { push: Push; secret: string } {
    const push: Push = { id: randomId(16), app, caller };
    const secret = newTokenText("push");
    this.pushes.set(push.id, { push, secret });
    return { push, secret: secret.text };
  }

  close(push: Push): void {
    this.pushes.delete(push.id);
  }

  get(id: string): Push | undefined {
    return this.pushes.get(id)?.push;
  }

  /** @throws UnauthenticatedError */
  identify(id: string, authorization: string | undefined): Caller {
    const given = readTokenText(/^bearer (.*)$/i.exec(authorization ?? "")?.[1] ?? "");
    const known = this.pushes.get(id);
    if (!given || !known || !sameHash(given.hash, known.secret.hash)) throw new UnauthenticatedError();
    return known.push.caller;
  }
}
