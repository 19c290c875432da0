import { BlobRequestError } from "../errors.ts";

/** S3's errors that are given in more than one place. */
export const refusals = {
  accessDenied: (why = "Access Denied") => new BlobRequestError("AccessDenied", 403, why),
  badDigest: (what: string) =>
    new BlobRequestError("BadDigest", 400, `The ${what} you specified did not match what we received`),
  incompleteBody: () =>
    new BlobRequestError(
      "IncompleteBody",
      400,
      "The body ended before the number of bytes in its length had come",
    ),
  invalidArgument: (why: string) => new BlobRequestError("InvalidArgument", 400, why),
  malformedXml: () =>
    new BlobRequestError("MalformedXML", 400, "The XML you provided was not well-formed or did not validate"),
  noSuchKey: () => new BlobRequestError("NoSuchKey", 404, "The specified key does not exist."),
  noSuchUpload: () =>
    new BlobRequestError(
      "NoSuchUpload",
      404,
      "The specified multipart upload does not exist, was completed or was aborted.",
    ),
  notImplemented: (what: string) =>
    new BlobRequestError(
      "NotImplemented",
      501,
      `${what} is not offered here; buckets have objects, multipart uploads and presigned URLs`,
    ),
  preconditionFailed: () =>
    new BlobRequestError(
      "PreconditionFailed",
      412,
      "At least one of the preconditions you specified did not hold",
    ),
};
