import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** What one kind of signal keeps of one second, minute or hour. */
export interface PointKind<Point> {
  /** `into` (changed or not; undefined: nothing yet) with what a later `point` has. `point` stays as it is. */
  merge(into: Point | undefined, point: Point): Point;
  write(writer: ByteWriter, point: Point): void;
  read(reader: ByteReader): Point;
}
