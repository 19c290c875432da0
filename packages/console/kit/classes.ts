/** Class names that are there. */
export const classes = (...names: (string | false | undefined | null)[]): string =>
  names.filter(Boolean).join(" ");
