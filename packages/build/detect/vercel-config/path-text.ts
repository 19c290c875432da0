/** `crons[0].schedule` */
export const pathText = (path: (string | number)[]): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : index ? `.${part}` : part)).join("");
