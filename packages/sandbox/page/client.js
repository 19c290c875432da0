/** The sandbox's API, as whoever has the token. */

const storage = { token: "evenkeel-sandbox-token", account: "evenkeel-sandbox-account" };

/** Which account is shown, and who hears of changes and of a token that is missing. */
export const state = {
  account: sessionStorage.getItem(storage.account) ?? "",
  changed: async () => {},
  refused: () => {},
};

export const hasToken = () => sessionStorage.getItem(storage.token) !== null;
export const setToken = (token) => sessionStorage.setItem(storage.token, token);
export const dropToken = () => sessionStorage.removeItem(storage.token);

export function chooseAccount(account) {
  state.account = account;
  sessionStorage.setItem(storage.account, account);
}

export const notice = (text) => {
  document.getElementById("notice").textContent = text;
};

/** The link of `evenkeel sandbox open` carries the token where no server sees it. */
export function takeToken() {
  if (location.hash.length < 2) return false;
  sessionStorage.setItem(storage.token, location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  return true;
}

export async function ask(method, path, body) {
  const response = await fetch(`/_sandbox${path}`, {
    method,
    headers: { authorization: `Bearer ${sessionStorage.getItem(storage.token) ?? ""}` },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.status === 401) state.refused();
  if (!response.ok) throw new Error([answer.error?.message, answer.error?.hint].filter(Boolean).join(". "));
  return answer;
}

export const own = (path) => `/accounts/${state.account}${path}`;

/** Does something, says what went wrong, and shows what it changed. */
export async function act(method, path, body) {
  try {
    notice("");
    await ask(method, own(path), body);
  } catch (error) {
    notice(error.message);
  }
  await state.changed();
}
