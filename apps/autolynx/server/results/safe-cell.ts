/**
 * A value as a cell of CSV. Spreadsheets take a cell that begins with one of these for a formula; with an apostrophe before it, it is text to them
 * (OWASP, "CSV Injection").
 */
export function safeCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text =
    value instanceof Date
      ? value.toISOString()
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  // A telephone number is no formula.
  const safe = /^[=+\-@\t\r\n]/.test(text) && !/^\+\d{5,15}$/.test(text) ? `'${text}` : text;
  return /[",;\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
