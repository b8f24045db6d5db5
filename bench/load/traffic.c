// Sessions that send, for as long as it is measured.

#include "load.h"

static Session *sessions;

static void add(Conn *c, Session *s) {
  c->session = s;
  if (c->role != STALLED) c->in = malloc(READ + 1);
  gather_records(c);
  nonblocking(c->fd);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (c->role != STALLED) epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

// Both ends are ours: neither can wait for the other.
static void open_both(Session *s, int role) {
  s->from = connection(dial(SENDER), SENDER);
  s->to = connection(accept(listen_fd, NULL, NULL), role);
  if (!opt.tls) return;
  use_tls(s->from, client_context);
  use_tls(s->to, server_context);
  SSL_set_connect_state(s->from->ssl);
  SSL_set_accept_state(s->to->ssl);
  nonblocking(s->from->fd);
  nonblocking(s->to->fd);
  while (SSL_do_handshake(s->from->ssl) != 1 || SSL_do_handshake(s->to->ssl) != 1) SSL_do_handshake(s->to->ssl);
}

static void open_session(Session *s, int number, bool stalled) {
  s->number = number;
  if (!strcmp(opt.via, "none")) {
    open_both(s, stalled ? STALLED : RECEIVER);
  } else if (strcmp(opt.via, "relay")) {
    s->from = open_connection(SENDER);
    s->to = accept_connection(stalled ? STALLED : RECEIVER);
  } else {
    s->to = open_connection(stalled ? STALLED : RECEIVER);
    log_in(s->to);
    // A sender without relay of its own.
    s->from = open_connection(SENDER);
    name_self(s->from);
  }
  build_frame(s);
  add(s->from, s);
  add(s->to, s);
}

static void turn(double seconds) {
  static struct epoll_event events[512];
  int n = epoll_wait(epoll_fd, events, 512, (int)(seconds * 1000) + 1);
  for (int i = 0; i < n; i++) {
    Conn *c = events[i].data.ptr;
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
    if (events[i].events & EPOLLOUT) {
      if (c->role == SENDER) send_more(c->session);
      else flush(c);
    }
  }
}

static void run_until(double end) {
  for (double left; (left = end - now()) > 0;) {
    double until_text = opt.overtake ? send_due_text(&sessions[0]) : left;
    turn(until_text < left ? until_text : left);
  }
}

void traffic(void) {
  int all = opt.sessions + opt.stalled;
  sessions = calloc(all, sizeof *sessions);
  for (int i = 0; i < all; i++) open_session(&sessions[i], i, i >= opt.sessions);
  if (opt.overtake) carry_file(&sessions[0]);
  for (int i = 0; i < all; i++) send_more(&sessions[i]);
  run_until(now() + opt.warmup);
  for (int i = 0; i < opt.sessions; i++) {
    sessions[i].bytes_at_start = sessions[i].bytes;
    sessions[i].received_at_start = sessions[i].received;
  }
  tell_begin();
  measuring = true;
  double begin = now(), cpu_begin = cpu();
  run_until(begin + opt.seconds);
  double seconds = now() - begin, used = cpu() - cpu_begin;
  uint64_t bytes = 0, received = 0;
  double least = 1e300;
  for (int i = 0; i < opt.sessions; i++) {
    double mine = sessions[i].bytes - sessions[i].bytes_at_start;
    bytes += mine;
    received += sessions[i].received - sessions[i].received_at_start;
    if (mine < least) least = mine;
  }
  tell_end(seconds, used / seconds, opt.sessions, bytes, received, 0, bytes ? least / ((double)bytes / opt.sessions) : 0);
}
