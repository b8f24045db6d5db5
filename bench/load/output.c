// What a connection has to send.

#include "load.h"

void watch(Conn *c, bool write) {
  if (c->wants_write == write) return;
  c->wants_write = write;
  struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

void put(Conn *c, const void *bytes, size_t length) {
  if (c->out_end + length > c->out_room) {
    memmove(c->out, c->out + c->out_start, c->out_end - c->out_start);
    c->out_end -= c->out_start;
    c->out_start = 0;
    if (c->out_end + length > c->out_room) c->out = realloc(c->out, c->out_room = 2 * (c->out_end + length));
  }
  memcpy(c->out + c->out_end, bytes, length);
  c->out_end += length;
}

// Writes what waits: for TLS, what lies in `out` becomes records first. False when the socket takes no more.
bool flush(Conn *c) {
  if (c->ssl) {
    BIO *records = SSL_get_wbio(c->ssl);
    for (;;) {
      char *bytes;
      long length = BIO_get_mem_data(records, &bytes);
      if (length > 0) {
        ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) die("a connection was lost: %s", strerror(errno));
        if (n == length) (void)BIO_reset(records);
        else {
          if (n > 0) {
            // What a memory BIO has given is skipped by reading it.
            static char skipped[65536];
            while (n > 0) n -= BIO_read(records, skipped, n > 65536 ? 65536 : n);
          }
          watch(c, true);
          return false;
        }
      }
      if (c->out_start == c->out_end) break;
      int n = SSL_write(c->ssl, c->out + c->out_start, c->out_end - c->out_start);
      if (n <= 0) tls_failed("writing");
      c->out_start += n;
    }
  } else {
    while (c->out_start < c->out_end) {
      ssize_t n = send(c->fd, c->out + c->out_start, c->out_end - c->out_start, MSG_NOSIGNAL);
      if (n < 0) {
        if (errno != EAGAIN) die("a connection was lost: %s", strerror(errno));
        watch(c, true);
        return false;
      }
      c->out_start += n;
    }
  }
  c->out_start = c->out_end = 0;
  watch(c, false);
  return true;
}
