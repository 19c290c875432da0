/** Before every path that the edges themselves answer, at every host. */
export const ownPathPrefix = "/.well-known/evenkeel-";

/** Feature flags, by OpenFeature's remote evaluation protocol. */
export const flagsPath = `${ownPathPrefix}flags`;

/** S3 for apps; the bucket's name comes behind it. */
export const blobsPath = `${ownPathPrefix}blobs`;
