export type Theme = "system" | "light" | "dark";

const key = "evenkeel.theme";
const isDark = matchMedia("(prefers-color-scheme: dark)");

export const themeNow = (): Theme => (localStorage.getItem(key) as Theme | null) ?? "system";

export function applyTheme(): void {
  const theme = themeNow();
  const shown = theme === "system" ? (isDark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset["theme"] = shown;
}

export function setTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  applyTheme();
}

/** Follows the system while it is asked to. */
export function followTheme(): void {
  isDark.addEventListener("change", applyTheme);
}
