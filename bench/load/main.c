// Load for an MSRP relay, or for a proxy that passes bytes on: senders, receivers and the clock, in one process on one core.
//
//   load MODE --target HOST:PORT [options]          one line of JSON on standard output
//
// MODE  bulk      chunks as fast as they are taken; without Failure-Report the receivers only count bytes
//       messages  small messages with responses on both hops, so many unanswered per session
//       setup     connect, handshake, AUTH, 401, AUTH, 200, close, over and over
//       idle      connections, authenticated with a relay, that say nothing
//       overtake  texts of 2 KiB on a connection that also carries a file of 1 GiB, beside the sessions of `bulk`

#include "load.h"

Options opt = {.via = "relay", .user = "alice", .sessions = 8, .chunk = 65536, .gather = 256 * 1024, .window = 16, .concurrent = 16, .warmup = 1, .seconds = 5};

static int take_any_certificate(X509_STORE_CTX *store, void *nothing) {
  (void)store;
  (void)nothing;
  return 1;
}

static void read_address(struct sockaddr_in *address, char *text) {
  char *colon = strrchr(text, ':');
  if (!colon) die("an address is HOST:PORT: %s", text);
  address->sin_family = AF_INET;
  address->sin_port = htons(atoi(colon + 1));
  *colon = 0;
  if (inet_pton(AF_INET, text, &address->sin_addr) != 1) die("no IPv4 address: %s", text);
}

int main(int argc, char **argv) {
  if (argc < 2) die("which mode? bulk, messages, setup, idle, overtake");
  opt.mode = argv[1];
  opt.host = "localhost";
  opt.password = getenv("LOAD_PASSWORD");
  opt.failure_report = !strcmp(opt.mode, "messages");
  opt.overtake = !strcmp(opt.mode, "overtake");
  for (int i = 2; i < argc; i++) {
    char *name = argv[i];
    if (!strcmp(name, "--tls")) opt.tls = true;
    else if (!strcmp(name, "--behind-tls")) opt.behind_tls = true;
    else if (!strcmp(name, "--verify")) opt.verify = true;
    else if (!strcmp(name, "--failure-report")) opt.failure_report = true;
    else if (i + 1 == argc) die("%s wants a value", name);
    else if (!strcmp(name, "--target")) read_address(&opt.target, argv[++i]);
    else if (!strcmp(name, "--listen")) read_address(&opt.listen, argv[++i]);
    else if (!strcmp(name, "--host")) opt.host = argv[++i];
    else if (!strcmp(name, "--via")) opt.via = argv[++i];
    else if (!strcmp(name, "--user")) opt.user = argv[++i];
    else if (!strcmp(name, "--certificate")) opt.certificate = argv[++i];
    else if (!strcmp(name, "--key")) opt.key = argv[++i];
    else if (!strcmp(name, "--sessions")) opt.sessions = atoi(argv[++i]);
    else if (!strcmp(name, "--stalled")) opt.stalled = atoi(argv[++i]);
    else if (!strcmp(name, "--chunk")) opt.chunk = atoi(argv[++i]);
    else if (!strcmp(name, "--gather")) opt.gather = atoi(argv[++i]);
    else if (!strcmp(name, "--receive-buffer")) opt.receive_buffer = atoi(argv[++i]);
    else if (!strcmp(name, "--window")) opt.window = atoi(argv[++i]);
    else if (!strcmp(name, "--concurrent")) opt.concurrent = atoi(argv[++i]);
    else if (!strcmp(name, "--warmup")) opt.warmup = atof(argv[++i]);
    else if (!strcmp(name, "--seconds")) opt.seconds = atof(argv[++i]);
    else die("unknown option %s", name);
  }
  // A relay that ends must not end the load without a word.
  signal(SIGPIPE, SIG_IGN);
  epoll_fd = epoll_create1(0);
  client_context = SSL_CTX_new(TLS_client_method());
  server_context = SSL_CTX_new(TLS_server_method());
  for (int i = 0; i < 2; i++) {
    SSL_CTX *context = i ? server_context : client_context;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 128 * 1024);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_cert_verify_callback(context, take_any_certificate, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  }
  if (opt.listen.sin_port) {
    if (opt.tls && (SSL_CTX_use_certificate_chain_file(server_context, opt.certificate) != 1 ||
                    SSL_CTX_use_PrivateKey_file(server_context, opt.key, SSL_FILETYPE_PEM) != 1))
      tls_failed("certificate");
    int one = 1;
    listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listen_fd, (struct sockaddr *)&opt.listen, sizeof opt.listen) || listen(listen_fd, 4096)) die("listen: %s", strerror(errno));
  }
  if (!strcmp(opt.mode, "setup")) set_up();
  else if (!strcmp(opt.mode, "idle")) idle();
  else traffic();
  return bad > 0 ? 2 : 0;
}
