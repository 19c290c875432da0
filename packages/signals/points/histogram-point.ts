import { Histogram } from "@evenkeel/model/signals/histogram";
import type { PointKind } from "./point-kind.ts";

export const histogramPoint: PointKind<Histogram> = {
  merge: (into, point) => (into ?? new Histogram()).merge(point),
  write(writer, point) {
    writer.varint(point.bucketCount);
    for (const value of [point.sum, point.least, point.greatest]) writer.number(value);
    let last = 0;
    point.forEachBucket((bucket, count) => {
      writer.varint(bucket - last);
      writer.varint(count);
      last = bucket;
    });
  },
  read(reader) {
    const point = new Histogram();
    const buckets = reader.varint();
    point.sum = reader.number();
    point.least = reader.number();
    point.greatest = reader.number();
    let bucket = 0;
    for (let index = 0; index < buckets; index++) {
      bucket += reader.varint();
      point.append(bucket, reader.varint());
    }
    return point;
  },
};
