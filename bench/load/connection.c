// Connections, with TLS or without.

#include "load.h"

int epoll_fd, listen_fd = -1;
SSL_CTX *client_context, *server_context;

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

void nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

Conn *connection(int fd, int role) {
  Conn *c = calloc(1, sizeof *c);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->fd = fd;
  c->role = role;
  return c;
}

// Records are gathered in memory and leave in few system calls.
void use_tls(Conn *c, SSL_CTX *context) {
  c->ssl = SSL_new(context);
  SSL_set_fd(c->ssl, c->fd);
}

void gather_records(Conn *c) {
  if (c->ssl) SSL_set0_wbio(c->ssl, BIO_new(BIO_s_mem()));
}

static void set_receive_buffer(int fd, int bytes) {
  if (bytes > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

int dial(int role) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  // Megabytes would lie in the kernel before a relay noticed that nobody reads.
  set_receive_buffer(fd, role == STALLED ? 16 * 1024 : role == RECEIVER ? opt.receive_buffer : 0);
  if (connect(fd, (struct sockaddr *)&opt.target, sizeof opt.target)) die("cannot connect: %s", strerror(errno));
  return fd;
}

void tls_failed(const char *what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  die("%s: %s", what, text);
}

Conn *open_connection(int role) {
  Conn *c = connection(dial(role), role);
  if (opt.tls) {
    use_tls(c, client_context);
    SSL_set_tlsext_host_name(c->ssl, opt.host);
    if (SSL_connect(c->ssl) != 1) tls_failed("TLS handshake");
  }
  return c;
}

Conn *accept_connection(int role) {
  int fd = accept(listen_fd, NULL, NULL);
  if (fd < 0) die("accept: %s", strerror(errno));
  set_receive_buffer(fd, opt.receive_buffer);
  Conn *c = connection(fd, role);
  if (opt.tls) {
    use_tls(c, server_context);
    if (SSL_accept(c->ssl) != 1) tls_failed("TLS handshake at the receiver");
  }
  return c;
}
