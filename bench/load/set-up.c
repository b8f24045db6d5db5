// Connect, handshake, AUTH, 401, AUTH, 200, close, over and over.

#include "load.h"

// Those that a relay breaks off do not count as set up.
static uint64_t set_ups, failed;

static void log_in_again(Conn *c);

static void give_up(Conn *c) {
  if (++failed > 100 + set_ups) die("connections are closed before AUTH is answered");
  log_in_again(c);
}

static void advance(Conn *c) {
  if (c->step == 0) {
    if (c->ssl) {
      int n = SSL_connect(c->ssl);
      if (n != 1) {
        int error = SSL_get_error(c->ssl, n);
        if (error == SSL_ERROR_WANT_READ) return watch(c, false);
        if (error == SSL_ERROR_WANT_WRITE) return watch(c, true);
        give_up(c);
        return;
      }
    }
    watch(c, false);
    char request[4096];
    write_auth(request, sizeof request, c, NULL);
    if (c->ssl) SSL_write(c->ssl, request, strlen(request));
    else send(c->fd, request, strlen(request), 0);
    c->step = 1;
    return;
  }
  ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->in_end, 8191 - c->in_end) : recv(c->fd, c->in + c->in_end, 8191 - c->in_end, 0);
  if (n <= 0) {
    if (c->ssl ? SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ : n < 0 && errno == EAGAIN) return;
    give_up(c);
    return;
  }
  c->in_end += n;
  c->in[c->in_end] = 0;
  if (c->in_end < 12 || memcmp(c->in + c->in_end - 3, "$\r\n", 3)) return;
  char *answer = (char *)c->in;
  if (c->step == 1) {
    if (status_of(answer) != 401) die("AUTH was answered: %s", answer);
    char request[4096];
    write_auth(request, sizeof request, c, challenge_in(answer));
    if (c->ssl) SSL_write(c->ssl, request, strlen(request));
    else send(c->fd, request, strlen(request), 0);
    c->step = 2;
    c->in_end = 0;
    return;
  }
  if (status_of(answer) != 200) die("AUTH was answered: %s", answer);
  if (measuring) set_ups++;
  log_in_again(c);
}

static void log_in_again(Conn *c) {
  if (c->fd >= 0) {
    if (c->ssl) SSL_shutdown(c->ssl), SSL_free(c->ssl);
    close(c->fd);
  }
  int one = 1;
  c->fd = dial(LOGIN);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  nonblocking(c->fd);
  c->ssl = NULL;
  if (opt.tls) {
    use_tls(c, client_context);
    SSL_set_tlsext_host_name(c->ssl, opt.host);
  }
  c->step = 0;
  c->in_end = 0;
  name_self(c);
  c->wants_write = true;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void set_up_run(double end) {
  static struct epoll_event events[512];
  for (double left; (left = end - now()) > 0;) {
    int n = epoll_wait(epoll_fd, events, 512, (int)(left * 1000) + 1);
    for (int i = 0; i < n; i++) advance(events[i].data.ptr);
  }
}

void set_up(void) {
  for (int i = 0; i < opt.concurrent; i++) {
    Conn *c = calloc(1, sizeof *c);
    c->fd = -1;
    c->role = LOGIN;
    c->in = malloc(8192);
    log_in_again(c);
  }
  set_up_run(now() + opt.warmup);
  tell_begin();
  measuring = true;
  double begin = now(), cpu_begin = cpu();
  set_up_run(begin + opt.seconds);
  double seconds = now() - begin;
  tell_end(seconds, (cpu() - cpu_begin) / seconds, opt.concurrent, 0, 0, set_ups, 1);
}
