import { EvenkeelError } from "@evenkeel/model";

/** A request that S3 refuses. `s3Code` and `status` are S3's own: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class BlobRequestError extends EvenkeelError {
  readonly code = "blob_request_refused";
  readonly fault = "user";

  constructor(
    readonly s3Code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** An app environment has no bucket. */
export class BucketUnknownError extends EvenkeelError {
  readonly code = "bucket_unknown";
  readonly fault = "user";

  constructor(app: string, environment: string) {
    super(`${app} has no bucket in ${environment}`, {
      hint: `Make one: evenkeel blobs create ${app} --env ${environment}`,
    });
  }
}

/** A moment to which a bucket cannot be set back. */
export class BucketRestoreError extends EvenkeelError {
  readonly code = "bucket_restore_impossible";
  readonly fault = "user";
}
