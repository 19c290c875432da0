/**
 * The buckets of all histograms: each power of two is cut into 64 of equal width (the exponent and the first six bits of a
 * double's fraction are the bucket's number), from 2⁻³⁰ to 2⁶⁰. A value differs from its bucket's representative by at most
 * 1/129 = 0.78 %. Cheaper than DDSketch's logarithm (https://www.vldb.org/pvldb/vol12/p2195-masson.pdf), which needs 1.5 times fewer buckets.
 */
const bucketsPerOctave = 64;
const lowestExponent = -30;
const highestExponent = 60;
const fractionBitsInHighWord = 20;
const shift = fractionBitsInHighWord - Math.log2(bucketsPerOctave);
const exponentBias = 1023;
/** Number of the bucket that begins at 2⁻³⁰, less one: number 0 is left for zero. */
const base = (exponentBias + lowestExponent) * bucketsPerOctave - 1;

const smallestValue = 2 ** lowestExponent;
const largestValue = 2 ** highestExponent;

/** Holds everything below 2⁻³⁰: zero, and what is negative by a clock's fault. */
export const zeroBucket = 0;
export const lastBucket = (highestExponent - lowestExponent) * bucketsPerOctave + 1;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** The bucket of a value, 0 to `lastBucket`. Not for NaN. Allocates nothing. */
export function bucketOf(value: number): number {
  if (value < smallestValue) return zeroBucket;
  if (value >= largestValue) return lastBucket;
  double[0] = value;
  return (words[1]! >>> shift) - base;
}

/** The value that stands for a bucket: its relative error is the same for both ends. */
export function bucketValue(bucket: number): number {
  if (bucket <= zeroBucket) return 0;
  if (bucket >= lastBucket) return largestValue;
  const lower = lowerBound(bucket);
  const upper = lowerBound(bucket + 1);
  return (2 * lower * upper) / (lower + upper);
}

/** Where a bucket begins; `lowerBound(n + 1)` is where it ends. */
export function lowerBound(bucket: number): number {
  if (bucket <= zeroBucket) return 0;
  const octave = Math.floor((bucket - 1) / bucketsPerOctave);
  return 2 ** (octave + lowestExponent) * (1 + ((bucket - 1) % bucketsPerOctave) / bucketsPerOctave);
}
