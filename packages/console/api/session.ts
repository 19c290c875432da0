const key = "evenkeel.token";

/** A token that was typed in at sign-in, for this tab alone. */
export const tabToken = {
  read: (): string | null => sessionStorage.getItem(key),
  write: (token: string) => sessionStorage.setItem(key, token),
  forget: () => sessionStorage.removeItem(key),
};

/** Headers that say who asks. A session's cookie comes by itself; what changes something also says that a page of ours asked. */
export function credentials(method: string): Record<string, string> {
  const token = tabToken.read();
  if (token !== null) return { authorization: `Bearer ${token}` };
  return method === "GET" ? {} : { "x-evenkeel-console": "1" };
}
