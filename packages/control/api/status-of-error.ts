import type { EvenkeelError } from "@evenkeel/model";

/** The one place where a code becomes an HTTP status. */
const statuses: Record<string, number> = {
  request_invalid: 400,
  invalid_value: 400,
  reason_missing: 400,
  upload_incomplete: 400,
  upload_corrupt: 400,
  unauthenticated: 401,
  forbidden: 403,
  route_unknown: 404,
  app_unknown: 404,
  deployment_unknown: 404,
  release_unknown: 404,
  domain_unknown: 404,
  variable_unknown: 404,
  database_unknown: 404,
  bucket_unknown: 404,
  app_database_unknown: 404,
  flag_unknown: 404,
  flag_version_unknown: 404,
  branch_unknown: 404,
  preview_unknown: 404,
  migrations_unknown: 404,
  token_unknown: 404,
  upload_unknown: 404,
  deployment_in_use: 409,
  deployment_state: 409,
  host_taken: 409,
  branch_taken: 409,
  migrations_changed: 409,
  schema_incompatible: 409,
  source_gone: 410,
  request_too_large: 413,
  source_too_large: 413,
  database_unavailable: 503,
  host_unreachable: 503,
  databases_unreachable: 503,
  blobs_unreachable: 503,
  edge_unreachable: 503,
  disk_space_short: 507,
  store_full: 507,
};

/** Of what is not in the table: 422 where the input or the app is at fault, 500 where we are. */
export const statusOfError = (error: EvenkeelError): number =>
  statuses[error.code] ?? (error.fault === "user" ? 422 : 500);
