-- OpenTelemetry of apps.
ALTER TABLE deployments
  -- SHA-256 of the key in its OTEL_EXPORTER_OTLP_HEADERS.
  ADD COLUMN telemetry_key_hash text;
