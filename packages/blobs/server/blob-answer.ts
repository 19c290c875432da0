/** What an operation answers. At most one of `xml` and `body`. */
export interface BlobAnswer {
  status: number;
  headers?: Record<string, string>;
  xml?: string;
  body?: AsyncIterable<Uint8Array>;
}
