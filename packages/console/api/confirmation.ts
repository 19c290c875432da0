type Listener = (asked: Asked | undefined) => void;

export interface Asked {
  /** @param isConfirmed false: the person thought better of it */
  settle: (isConfirmed: boolean) => void;
}

let asked: Asked | undefined;
const listeners = new Set<Listener>();

/** Asks the person who looks at the page to prove once more who they are; several that ask at once are one question. */
export const confirmation = {
  ask(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const before = asked;
    asked = {
      settle(isConfirmed) {
        asked = undefined;
        before?.settle(isConfirmed);
        resolve(isConfirmed);
        for (const listener of listeners) listener(asked);
      },
    };
    for (const listener of listeners) listener(asked);
    return promise;
  },
  now: (): Asked | undefined => asked,
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
