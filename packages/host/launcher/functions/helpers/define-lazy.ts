/**
 * Defines a lazily computed, assignable property on a prototype: nothing is done for a request that does not ask for it. The value is
 * kept on the object from then on.
 */
export function defineLazy<Owner extends object>(
  prototype: Owner,
  name: string,
  compute: (owner: Owner) => unknown,
): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: Owner) {
      const value = compute(this);
      keep(this, name, value);
      return value;
    },
    set(this: Owner, value: unknown) {
      keep(this, name, value);
    },
  });
}

function keep(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, writable: true, value });
}
