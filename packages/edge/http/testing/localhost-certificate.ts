/** A certificate for `localhost` alone, signed by itself and valid for a hundred years; known to everybody, so good for tests only. */
export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUeJpD4fItVDpsFEoIteuJPXQvs+cwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA3MzYwOFoYDzIxMjYxMDI4
MDczNjA4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARFcOgRNarl3p39D8VZ7FDAt3bacOU8wIi4wtQKiB/VsJznhjDRYwia
3Fns7F8WaEcm0qtfUa/LirbcNVquHovSo2kwZzAdBgNVHQ4EFgQUxxEo1TrUeLEO
Ha7jBV+DKYiizLYwHwYDVR0jBBgwFoAUxxEo1TrUeLEOHa7jBV+DKYiizLYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAMJGjv5JaH99qbJvtKMmzmXRr/InTM6mUeojrGZRgOh4AiBT5R0tNnW8
BRybmOGEad0GpIHs1vQPENzIad1h1g6scw==
-----END CERTIFICATE-----`;

export const localhostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9HnYJDM6hQAHwxQ8
vPxR6B7TkW8sYTclMXm/ZkzaWdqhRANCAARFcOgRNarl3p39D8VZ7FDAt3bacOU8
wIi4wtQKiB/VsJznhjDRYwia3Fns7F8WaEcm0qtfUa/LirbcNVquHovS
-----END PRIVATE KEY-----`;
