import { defineKeys } from './key-declaration.ts';

const proxyProtocol =
  'Coffer does not read the PROXY protocol: turn it off at the proxy, let it set X-Forwarded-For, and name it in `x_forwarded_for_authorized_addrs`.';
const acme = 'Certificates are read from files; let an ACME client write them and send SIGHUP.';
const redacted = 'Nothing is redacted yet: keep the listener away from those who must not see it.';

/** Keys that every kind of listener takes. */
export const commonListenerKeys = defineKeys({
  max_request_size: {
    type: 'bytes',
    default: 33_554_432,
    description: 'Larger request bodies are answered 413.',
    vault: '-1 or 0 means no limit; here the largest is 32 MiB, which is what storage holds.',
  },
  max_request_duration: {
    type: 'seconds',
    defaultText: '`default_max_request_duration`',
    description: 'A request that takes longer is cut off. 0: no limit.',
  },
  max_json_depth: {
    type: 'integer',
    default: 300,
    description: 'JSON that is nested deeper is refused.',
  },
  http_read_timeout: {
    type: 'seconds',
    default: 30,
    description: 'The time that a whole request may take to arrive.',
  },
  http_read_header_timeout: {
    type: 'seconds',
    default: 10,
    description: 'The time that the head of a request may take to arrive.',
  },
  http_idle_timeout: {
    type: 'seconds',
    default: 300,
    description: 'How long a connection is kept open for the next request.',
  },
  http_write_timeout: {
    type: 'seconds',
    default: 0,
    description: 'A connection on which nothing moves for this long is closed. 0: never.',
    vault: 'The time from the end of the request’s head to the end of the answer.',
  },
  custom_response_headers: {
    type: 'block',
    description:
      'Headers to add: `"default"`, `"2xx"` or `"404"` = { "Name" = ["value"] }. The more exact status wins; several values are joined with `; `.',
  },
  telemetry: {
    type: 'block',
    description: '`unauthenticated_metrics_access = true` serves `sys/metrics` without a token.',
  },
  profiling: {
    type: 'block',
    description:
      '`unauthenticated_in_flight_request_access = true` serves `sys/in-flight-req` without a token.',
  },
  inflight_requests_logging: {
    type: 'block',
    description: '`unauthenticated_in_flight_requests_access = true` does the same.',
  },
  max_json_string_value_length: {
    type: 'accepted',
    description: '`max_request_size` bounds every string.',
  },
  max_json_object_entry_count: {
    type: 'accepted',
    description: 'A body may have 100,000 values.',
  },
  max_json_array_element_count: {
    type: 'accepted',
    description: 'A body may have 100,000 values.',
  },
  max_request_json_memory: {
    type: 'accepted',
    description: 'A body may have 100,000 values.',
  },
  max_request_json_strings: {
    type: 'accepted',
    description: 'A body may have 100,000 values.',
  },
  max_token_header_size: {
    type: 'accepted',
    description: 'All headers together may have 32 KiB.',
  },
  disable_replication_status_endpoints: { type: 'accepted', description: 'There are no such endpoints.' },
  disable_request_limiter: {
    type: 'accepted',
    description: 'Use rate-limit quotas (`sys/quotas/rate-limit`).',
  },
  redact_addresses: { type: 'accepted', description: redacted },
  redact_cluster_name: { type: 'accepted', description: redacted },
  redact_version: { type: 'accepted', description: redacted },
  agent_api: { type: 'accepted', description: 'A stanza of the agent’s, not of the server’s.' },
  proxy_api: { type: 'accepted', description: 'A stanza of the agent’s, not of the server’s.' },
  chroot_namespace: {
    type: 'accepted',
    refused: true,
    description: 'This listener would serve every namespace, so Coffer does not start with it.',
  },
  disable_unauthed_rekey_endpoints: {
    type: 'accepted',
    refused: true,
    description: 'Rekeying would stay open to holders of shares, so Coffer does not start with it.',
  },
  require_request_header: {
    type: 'accepted',
    refused: true,
    description: 'It is a switch of the agent’s; a server would not enforce it.',
  },
  role: {
    type: 'accepted',
    refused: true,
    description: 'This listener would serve everything, so Coffer does not start with it.',
  },
});

/** Keys of `listener "tcp"` besides. */
export const tcpListenerKeys = defineKeys({
  address: {
    type: 'string',
    default: '127.0.0.1:8200',
    description: 'HOST:PORT to listen on; `[::]:8200` or `0.0.0.0:8200` for every address.',
  },
  cluster_address: {
    type: 'string',
    description: 'Read and shown; Coffer’s nodes meet in their store and do not listen for each other.',
  },
  tls_disable: {
    type: 'boolean',
    default: false,
    description: 'Serve plain HTTP. Only behind something that encrypts, or on a loopback address.',
  },
  tls_cert_file: {
    type: 'path',
    defaultText: 'required unless `tls_disable`',
    description: 'The certificate and its chain, PEM, leaf first. SIGHUP reads it again.',
  },
  tls_key_file: {
    type: 'path',
    defaultText: 'required unless `tls_disable`',
    description: 'The private key of the certificate, PEM, not encrypted. SIGHUP reads it again.',
  },
  tls_min_version: {
    type: 'string',
    default: 'tls12',
    allowed: ['tls10', 'tls11', 'tls12', 'tls13'],
    description: 'The oldest version spoken.',
    vault: '`tls10` and `tls11` are still spoken; here they are read as `tls12` (RFC 8996).',
  },
  tls_max_version: {
    type: 'string',
    default: 'tls13',
    allowed: ['tls12', 'tls13'],
    description: 'The newest version spoken.',
  },
  tls_cipher_suites: {
    type: 'strings',
    default: [],
    defaultText: 'those of OpenSSL',
    description: 'Cipher suites for TLS 1.2, by their IANA names. Those of TLS 1.3 are always there.',
    vault: 'Suites without forward secrecy or with CBC, RC4 and 3DES can be chosen; here they are refused.',
  },
  tls_client_ca_file: {
    type: 'path',
    description: 'The authorities that client certificates are verified against, PEM.',
  },
  tls_require_and_verify_client_cert: {
    type: 'boolean',
    default: false,
    description: 'Only connections with a client certificate of `tls_client_ca_file` are accepted.',
  },
  tls_disable_client_certs: {
    type: 'boolean',
    default: false,
    description:
      'Do not ask for client certificates. Otherwise they are asked for, and nobody has to have one.',
  },
  x_forwarded_for_authorized_addrs: {
    type: 'strings',
    description:
      'Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed. Without it the header is ignored.',
  },
  x_forwarded_for_hop_skips: {
    type: 'integer',
    default: 0,
    description: 'How many addresses, counted from the end of the header, belong to proxies of our own.',
  },
  x_forwarded_for_reject_not_authorized: {
    type: 'boolean',
    default: true,
    description: 'Refuse a request with the header from any other peer; otherwise its header is ignored.',
  },
  x_forwarded_for_reject_not_present: {
    type: 'boolean',
    default: true,
    description: 'Refuse a request without the header.',
  },
  x_forwarded_for_client_cert_header: {
    type: 'accepted',
    refused: true,
    description: 'Certificates in headers are not believed; end TLS at Coffer to use the cert auth method.',
  },
  x_forwarded_for_client_cert_header_decoders: {
    type: 'accepted',
    description: 'Certificates in headers are not believed.',
  },
  tls_prefer_server_cipher_suites: { type: 'accepted', description: 'The server’s order always counts.' },
  proxy_protocol_behavior: { type: 'accepted', description: proxyProtocol },
  proxy_protocol_authorized_addrs: { type: 'accepted', description: proxyProtocol },
  tls_acme_ca_directory: { type: 'accepted', description: acme },
  tls_acme_ca_root: { type: 'accepted', description: acme },
  tls_acme_cache_path: { type: 'accepted', description: acme },
  tls_acme_domains: { type: 'accepted', description: acme },
  tls_acme_email: { type: 'accepted', description: acme },
  tls_acme_eab_key_id: { type: 'accepted', description: acme },
  tls_acme_eab_mac_key: { type: 'accepted', description: acme },
  tls_acme_disable_http_challenge: { type: 'accepted', description: acme },
  tls_acme_disable_alpn_challenge: { type: 'accepted', description: acme },
});

/** Keys of `listener "unix"` besides. Whoever may open the socket may speak to the server; TLS is not spoken. */
export const unixListenerKeys = defineKeys({
  address: { type: 'path', defaultText: 'required', description: 'The path of the socket.' },
  socket_mode: {
    type: 'string',
    default: '0600',
    description: 'Permissions of the socket, octal.',
    vault: 'The umask decides.',
  },
  socket_user: { type: 'string', description: 'The owner of the socket: a name or a number.' },
  socket_group: { type: 'string', description: 'The group of the socket: a name or a number.' },
  tls_disable: { type: 'accepted', description: 'TLS is never spoken on a unix socket.' },
});

export const listenerTelemetryKeys = defineKeys({
  unauthenticated_metrics_access: {
    type: 'boolean',
    default: false,
    description: 'Serve `sys/metrics` without a token.',
  },
  disallow_metrics: { type: 'accepted', refused: true, description: 'This listener would serve metrics.' },
  metrics_only: { type: 'accepted', refused: true, description: 'This listener would serve everything.' },
});

export const listenerProfilingKeys = defineKeys({
  unauthenticated_pprof_access: {
    type: 'accepted',
    description: 'There is no profiling endpoint.',
  },
  unauthenticated_in_flight_request_access: {
    type: 'boolean',
    default: false,
    description: 'Serve `sys/in-flight-req` without a token.',
    aliases: ['unauthenticated_in_flight_requests_access'],
  },
});
