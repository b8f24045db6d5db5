// What arrives: counted, answered where it wants an answer.

#include "load.h"

uint64_t bad;

static void responses(Session *s, Conn *c) {
  size_t at = 0;
  for (;;) {
    uint8_t *end = memmem(c->in + at, c->in_end - at, "\r\n-------", 9);
    if (!end) break;
    uint8_t *line = memmem(end + 9, c->in + c->in_end - end - 9, "$\r\n", 3);
    if (!line) break;
    if (memcmp(c->in + at, "MSRP ", 5) || !memmem(c->in + at, 64, " 200", 4)) {
      if (bad++ == 0) fprintf(stderr, "load: got %.*s\n", (int)(line - c->in - at), c->in + at);
    }
    s->answered++;
    s->acked = true;
    at = line + 3 - c->in;
  }
  memmove(c->in, c->in + at, c->in_end - at);
  c->in_end -= at;
}

static void prepare_reply(Session *s, const char *head, size_t length) {
  char text[2048];
  snprintf(text, sizeof text, "%.*s", (int)length, head);
  const char *from = strcasestr(text, "From-Path: "), *to = strcasestr(text, "To-Path: ");
  if (!from || !to) die("a head without paths: %s", text);
  from += 11;
  to += 9;
  s->reply_length = snprintf(s->reply, sizeof s->reply, "MSRP %12s 200 OK\r\nTo-Path: %.*s\r\nFrom-Path: %.*s\r\n-------%12s$\r\n", "",
                             (int)strcspn(from, " \r\n"), from, (int)strcspn(to, " \r\n"), to, "");
  s->reply_end_id_at = s->reply_length - 15;
}

// Requests at a receiver: counted, answered.
static void requests(Session *s, Conn *c) {
  size_t at = 0;
  for (;;) {
    size_t left = c->in_end - at;
    uint8_t *frame = c->in + at;
    if (c->head_length == 0) {
      uint8_t *blank = memmem(frame, left, "\r\n\r\n", 4);
      if (!blank) {
        if (left > 65536) die("no end of a head in 64 KiB");
        break;
      }
      c->head_length = blank + 4 - frame;
      c->scanned = c->head_length - 2;
      uint8_t *space = memchr(frame + 5, ' ', 40);
      if (memcmp(frame, "MSRP ", 5) || !space) die("no MSRP: %.*s", 60, frame);
      snprintf(c->id, sizeof c->id, "%.*s", (int)(space - frame - 5), frame + 5);
    }
    char needle[64];
    int length = snprintf(needle, sizeof needle, "\r\n-------%s", c->id);
    uint8_t *end = memmem(frame + c->scanned, left - c->scanned, needle, length);
    if (!end || end + length + 3 > frame + left) {
      size_t keep = length + 3;
      if (left > c->scanned + keep) c->scanned = left - keep;
      break;
    }
    size_t body = end - frame > (ssize_t)c->head_length ? end - frame - c->head_length : 0;
    s->bytes += body;
    s->received++;
    if (s->overtakes) text_arrived(s, (char *)frame, c->head_length);
    if (opt.verify && body == (size_t)opt.chunk && memcmp(frame + c->head_length, s->frame + s->frame_length - 24 - opt.chunk, body)) bad++;
    if (opt.failure_report) {
      if (s->reply_length == 0) prepare_reply(s, (char *)frame, c->head_length);
      // Ids keep their length from here on, but are the relay's.
      char reply[1100];
      int total = snprintf(reply, sizeof reply, "MSRP %s%.*s%s$\r\n", c->id, s->reply_end_id_at - 17, s->reply + 17, c->id);
      put(c, reply, total);
    }
    if (opt.window == 1) {
      record_latency(now() - s->sent_at);
      s->got = true;
    }
    c->head_length = 0;
    at += end + length + 3 - frame;
  }
  if (at > 0) {
    memmove(c->in, c->in + at, c->in_end - at);
    c->in_end -= at;
  }
  if (c->in_end > READ - 65536) {
    // A long body: what has been looked through is only counted.
    size_t drop = c->scanned > c->head_length ? c->scanned - c->head_length : 0;
    s->bytes += drop;
    memmove(c->in + c->head_length, c->in + c->scanned, c->in_end - c->scanned);
    c->in_end -= drop;
    c->scanned = c->head_length;
  }
  if (c->out_end > c->out_start) flush(c);
  if (opt.window == 1) send_more(s);
}

static void count_only(Session *s, Conn *c) {
  // With MSG_TRUNC the kernel throws away what a TCP socket has, without copying it.
  for (int turn = 0; turn < 4; turn++) {
    ssize_t n = recv(c->fd, c->in, 8 << 20, MSG_TRUNC | MSG_DONTWAIT);
    if (n == 0) die("a receiver's connection was closed");
    if (n < 0) return;
    s->bytes += n;
  }
}

void readable(Conn *c) {
  Session *s = c->session;
  if (c->role == STALLED) return;
  if (c->role == RECEIVER && !opt.failure_report && !opt.verify && !s->overtakes) {
    count_only(s, c);
    return;
  }
  for (int turn = 0; turn < 8; turn++) {
    size_t room = READ - c->in_end;
    ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->in_end, room) : recv(c->fd, c->in + c->in_end, room, 0);
    if (n <= 0) {
      if (c->ssl ? SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ : n < 0 && errno == EAGAIN) break;
      die("a %s's connection was closed", c->role == SENDER ? "sender" : "receiver");
    }
    c->in_end += n;
    if (c->role == SENDER) responses(s, c);
    else requests(s, c);
  }
  if (c->role == SENDER) send_more(s);
}
