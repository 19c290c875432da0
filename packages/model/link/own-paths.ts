/** Before every path that the edges themselves answer, at every host. */
export const ownPathPrefix = "/.well-known/evenkeel-";

/** Feature flags, by OpenFeature's remote evaluation protocol. */
export const flagsPath = `${ownPathPrefix}flags`;

/** OpenTelemetry's protocol, for apps' processes; `/v1/traces` and its like come behind it. */
export const otlpPath = `${ownPathPrefix}otlp`;

/** S3 for apps; the bucket's name comes behind it. */
export const blobsPath = `${ownPathPrefix}blobs`;
