export type CsvFaultCode =
  | "empty"
  | "no_rows"
  | "no_phone_column"
  | "bad_header"
  | "too_large"
  | "too_many_rows"
  | "not_csv"
  | "bad_encoding"
  | "bad_quotes";

/** The file as a whole cannot be read; nothing of it was taken. */
export class CsvFault extends Error {
  override readonly name = "CsvFault";
  readonly code: CsvFaultCode;
  /** Counted from 1. */
  readonly line: number | undefined;

  constructor(message: string, code: CsvFaultCode, line?: number) {
    super(line === undefined ? message : `Line ${line}: ${message}`);
    this.code = code;
    this.line = line;
  }
}
