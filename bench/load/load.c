// Load for an MSRP relay, or for a proxy that passes bytes on: senders, receivers and the clock, in one process on one core.
//
//   load MODE --target HOST:PORT [options]          one line of JSON on standard output
//
// MODE  bulk      chunks as fast as they are taken; without Failure-Report the receivers only count bytes
//       messages  small messages with responses on both hops, so many unanswered per session
//       setup     connect, handshake, AUTH, 401, AUTH, 200, close, over and over
//       idle      connections, authenticated with a relay, that say nothing
//       overtake  texts of 2 KiB on a connection that also carries a file of 1 GiB, beside the sessions of `bulk`

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 1024, READ = 512 * 1024, TEXT = 2048, TEXTS = 4096 };
static const uint64_t FILE_SIZE = 1 << 30;
static const double TEXT_EVERY = 0.01;

static struct {
  const char *mode, *via, *user, *password, *certificate, *key, *host;
  struct sockaddr_in target, listen;
  bool tls, behind_tls, failure_report, verify, overtake;
  int sessions, stalled, chunk, window, concurrent;
  // Bytes that a session makes ready before it writes.
  size_t gather;
  double warmup, seconds;
} opt = {.via = "relay", .user = "alice", .sessions = 8, .chunk = 65536, .gather = 256 * 1024, .window = 16, .concurrent = 16, .warmup = 1, .seconds = 5};

typedef struct Conn {
  int fd;
  SSL *ssl;
  enum { SENDER, RECEIVER, STALLED, LOGIN } role;
  struct Session *session;
  bool wants_write;
  // What waits to be written; for TLS already as records.
  uint8_t *out;
  size_t out_start, out_end, out_room;
  uint8_t *in;
  size_t in_end, scanned, head_length;
  char id[33];
  // Path to the relay's URI for this connection, own URI.
  char path[512], own[128];
  int step;
} Conn;

typedef struct Session {
  int number;
  Conn *from, *to;
  uint8_t *frame;
  size_t frame_length, id_at, message_id_at, end_id_at, sent_of_frame;
  uint64_t sent, answered, received, bytes;
  uint64_t bytes_at_start, received_at_start;
  char reply[1024];
  int reply_length, reply_id_at, reply_end_id_at;
  double sent_at;
  bool got, acked;
  // Of the session with a file and texts: where in the file it is, when each text was to be sent, how many were.
  bool overtakes;
  uint64_t file_at, file_number;
  double *text_at;
  uint64_t texts_due, texts_sent;
} Session;

static int epoll_fd, listen_fd = -1;
static SSL_CTX *client_context, *server_context;
static Session *sessions;
static bool measuring;
static double *latencies;
static size_t latency_count, latency_room;
static uint64_t bad;

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// ---- connections

static void nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static Conn *connection(int fd, int role) {
  Conn *c = calloc(1, sizeof *c);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->fd = fd;
  c->role = role;
  return c;
}

// Records are gathered in memory and leave in few system calls.
static void use_tls(Conn *c, SSL_CTX *context) {
  c->ssl = SSL_new(context);
  SSL_set_fd(c->ssl, c->fd);
}

static void gather_records(Conn *c) {
  if (c->ssl) SSL_set0_wbio(c->ssl, BIO_new(BIO_s_mem()));
}

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&opt.target, sizeof opt.target)) die("cannot connect: %s", strerror(errno));
  return fd;
}

static void tls_failed(const char *what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  die("%s: %s", what, text);
}

static Conn *open_connection(int role) {
  Conn *c = connection(dial(), role);
  if (opt.tls) {
    use_tls(c, client_context);
    SSL_set_tlsext_host_name(c->ssl, opt.host);
    if (SSL_connect(c->ssl) != 1) tls_failed("TLS handshake");
  }
  return c;
}

// ---- AUTH (RFC 4976 §5.1, §9.1), with blocking sockets

static void digest(const EVP_MD *kind, char hex[65], const char *format, ...) {
  char text[2048];
  uint8_t bytes[EVP_MAX_MD_SIZE];
  unsigned length;
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  EVP_Digest(text, n, bytes, &length, kind, NULL);
  for (unsigned i = 0; i < length; i++) sprintf(hex + 2 * i, "%02x", bytes[i]);
}

static void new_id(char id[17]) {
  uint8_t bytes[8];
  RAND_bytes(bytes, sizeof bytes);
  for (int i = 0; i < 8; i++) sprintf(id + 2 * i, "%02x", bytes[i]);
}

static bool parameter(const char *line, const char *name, char *value, size_t room) {
  size_t length = strlen(name);
  for (const char *at = line; (at = strcasestr(at, name)) != NULL; at += length) {
    if ((at > line && at[-1] != ' ' && at[-1] != ',') || at[length] != '=') continue;
    at += length + 1;
    bool quoted = *at == '"';
    size_t n = quoted ? strcspn(++at, "\"\r\n") : strcspn(at, ", \r\n");
    if (n >= room) return false;
    memcpy(value, at, n);
    value[n] = 0;
    return true;
  }
  return false;
}

static void write_auth(char *text, size_t room, Conn *c, const char *challenge) {
  char id[17], credentials[1024] = "";
  char uri[128];
  snprintf(uri, sizeof uri, "%s://%s:%d;tcp", opt.tls || opt.behind_tls ? "msrps" : "msrp", opt.host, ntohs(opt.target.sin_port));
  new_id(id);
  if (challenge) {
    char realm[128] = "", nonce[256] = "", opaque[256] = "", algorithm[32] = "MD5", qop[32] = "";
    char ha1[65], ha2[65], response[65], cnonce[17];
    parameter(challenge, "realm", realm, sizeof realm);
    parameter(challenge, "nonce", nonce, sizeof nonce);
    parameter(challenge, "algorithm", algorithm, sizeof algorithm);
    parameter(challenge, "qop", qop, sizeof qop);
    bool has_opaque = parameter(challenge, "opaque", opaque, sizeof opaque);
    const EVP_MD *kind = strcasecmp(algorithm, "MD5") ? EVP_sha256() : EVP_md5();
    new_id(cnonce);
    digest(kind, ha1, "%s:%s:%s", opt.user, realm, opt.password);
    digest(kind, ha2, "AUTH:%s", uri);
    digest(kind, response, "%s:%s:00000001:%s:auth:%s", ha1, nonce, cnonce, ha2);
    int n = snprintf(credentials, sizeof credentials,
                     "Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", "
                     "algorithm=%s, cnonce=\"%s\", qop=auth, nc=00000001",
                     opt.user, realm, nonce, uri, response, algorithm, cnonce);
    if (has_opaque) n += snprintf(credentials + n, sizeof credentials - n, ", opaque=\"%s\"", opaque);
    snprintf(credentials + n, sizeof credentials - n, "\r\n");
  }
  snprintf(text, room, "MSRP %s AUTH\r\nTo-Path: %s\r\nFrom-Path: %s\r\n%s-------%s$\r\n", id, uri, c->own, credentials, id);
}

// The challenge to answer: MD5 where there are several, since every relay knows it.
static const char *challenge_in(const char *text) {
  const char *first = NULL;
  for (const char *at = text; (at = strcasestr(at, "WWW-Authenticate:")) != NULL; at++) {
    char algorithm[32] = "MD5", line[1024];
    size_t n = strcspn(at, "\r\n");
    if (n >= sizeof line) continue;
    memcpy(line, at, n);
    line[n] = 0;
    parameter(line, "algorithm", algorithm, sizeof algorithm);
    if (!first || !strcasecmp(algorithm, "MD5")) first = at;
    if (!strcasecmp(algorithm, "MD5")) break;
  }
  if (!first) die("no challenge in: %s", text);
  static char line[1024];
  snprintf(line, sizeof line, "%.*s", (int)strcspn(first, "\r\n"), first);
  return line;
}

static void take_path(Conn *c, const char *text) {
  const char *at = strcasestr(text, "Use-Path:");
  if (!at) die("no Use-Path in: %s", text);
  at += 9;
  while (*at == ' ') at++;
  snprintf(c->path, sizeof c->path, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static int status_of(const char *text) {
  int status = 0;
  sscanf(text, "MSRP %*s %d", &status);
  return status;
}

static void name_self(Conn *c) {
  char id[17];
  new_id(id);
  snprintf(c->own, sizeof c->own, "msrps://client.invalid:2855/%s;tcp", id);
}

static void exchange(Conn *c, const char *request, char *answer, size_t room) {
  size_t length = strlen(request), n = 0;
  ssize_t done = c->ssl ? SSL_write(c->ssl, request, length) : send(c->fd, request, length, 0);
  if (done != (ssize_t)length) die("AUTH cannot be sent");
  for (;;) {
    ssize_t got = c->ssl ? SSL_read(c->ssl, answer + n, room - n - 1) : recv(c->fd, answer + n, room - n - 1, 0);
    if (got <= 0) die("the connection was closed during AUTH");
    n += got;
    answer[n] = 0;
    if (n > 11 && !memcmp(answer + n - 3, "$\r\n", 3)) return;
  }
}

static void log_in(Conn *c) {
  char request[4096], answer[8192];
  name_self(c);
  write_auth(request, sizeof request, c, NULL);
  exchange(c, request, answer, sizeof answer);
  if (status_of(answer) != 401) die("AUTH was answered: %s", answer);
  write_auth(request, sizeof request, c, challenge_in(answer));
  exchange(c, request, answer, sizeof answer);
  if (status_of(answer) != 200) die("AUTH was answered: %s", answer);
  take_path(c, answer);
}

// ---- writing

static void watch(Conn *c, bool write) {
  if (c->wants_write == write) return;
  c->wants_write = write;
  struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void put(Conn *c, const void *bytes, size_t length) {
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
static bool flush(Conn *c) {
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

static void next_frame(Session *s) {
  char id[17];
  snprintf(id, sizeof id, "%04x%08lx", s->number, (unsigned long)(s->sent & 0xffffffff));
  memcpy(s->frame + s->id_at, id, 12);
  memcpy(s->frame + s->message_id_at, id, 12);
  memcpy(s->frame + s->end_id_at, id, 12);
  s->sent++;
}

static void part_id(const Session *s, char kind, uint64_t number, char id[17]) {
  snprintf(id, 17, "%c%03x%08lx", kind, s->number & 0xfff, (unsigned long)(number & 0xffffffff));
}

// A chunk of the file, or a whole text. Bodies are the same bytes over and over.
static void put_part(Session *s, char kind, uint64_t number, uint64_t at, size_t length, uint64_t size) {
  char head[HEAD], id[17], message_id[17], end[64];
  part_id(s, 'c', s->sent++, id);
  part_id(s, kind, number, message_id);
  bool to_star = size > TEXT;
  int n = snprintf(head, HEAD, "MSRP %s SEND\r\nTo-Path: %s %s\r\nFrom-Path: %s\r\nMessage-ID: %s\r\nSuccess-Report: no\r\n", id,
                   !strcmp(opt.via, "relay") ? s->to->path : "msrp://proxy.invalid:1/none;tcp", s->to->own, s->from->own, message_id);
  n += snprintf(head + n, HEAD - n, "Failure-Report: no\r\nByte-Range: %lu-", (unsigned long)at + 1);
  if (to_star) n += snprintf(head + n, HEAD - n, "*/%lu\r\n", (unsigned long)size);
  else n += snprintf(head + n, HEAD - n, "%lu/%lu\r\n", (unsigned long)(at + length), (unsigned long)size);
  n += snprintf(head + n, HEAD - n, "Content-Type: application/octet-stream\r\n\r\n");
  put(s->from, head, n);
  put(s->from, s->frame + s->frame_length - 24 - opt.chunk, length);
  put(s->from, end, snprintf(end, sizeof end, "\r\n-------%s%c\r\n", id, at + length < size ? '+' : '$'));
}

// Texts go ahead of the rest of the file: its chunk is ended, and the next one has to wait.
static void send_file_and_texts(Session *s) {
  Conn *c = s->from;
  if (c->out_end > c->out_start && !flush(c)) return;
  do {
    if (s->texts_sent < s->texts_due) {
      put_part(s, 't', s->texts_sent, 0, TEXT, TEXT);
      s->texts_sent++;
      continue;
    }
    size_t length = FILE_SIZE - s->file_at < (uint64_t)opt.chunk ? FILE_SIZE - s->file_at : (uint64_t)opt.chunk;
    put_part(s, 'f', s->file_number, s->file_at, length, FILE_SIZE);
    s->file_at += length;
    if (s->file_at == FILE_SIZE) s->file_at = 0, s->file_number++;
  } while (flush(c));
}

static void send_more(Session *s) {
  if (s->overtakes) {
    send_file_and_texts(s);
    return;
  }
  Conn *c = s->from;
  if (c->out_end > c->out_start && !flush(c)) return;
  for (;;) {
    size_t gathered = 0;
    while (gathered < opt.gather && (!opt.failure_report || s->sent - s->answered < (uint64_t)opt.window)) {
      if (opt.window == 1 && !(s->got && s->acked)) break;
      next_frame(s);
      if (opt.window == 1) {
        s->got = s->acked = false;
        s->sent_at = now();
      }
      put(c, s->frame, s->frame_length);
      gathered += s->frame_length;
    }
    if (gathered == 0 || !flush(c)) return;
  }
}

// ---- reading

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
  s->reply_id_at = 5;
  s->reply_end_id_at = s->reply_length - 15;
}

static void record_latency(double seconds) {
  if (!measuring) return;
  if (latency_count == latency_room) latencies = realloc(latencies, (latency_room = latency_room * 2 + 4096) * sizeof *latencies);
  latencies[latency_count++] = seconds;
}

static void text_arrived(Session *s, const char *head, size_t length) {
  const char *at = memmem(head, length, "\r\nMessage-ID: t", 15);
  unsigned number;
  if (!at || sscanf(at + 18, "%8x", &number) != 1) return;
  record_latency(now() - s->text_at[number % TEXTS]);
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
      size_t n = strlen(c->id);
      char reply[1100];
      int total = snprintf(reply, sizeof reply, "MSRP %s%.*s%s$\r\n", c->id, s->reply_end_id_at - 17, s->reply + 17, c->id);
      (void)n;
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

static void readable(Conn *c) {
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

// ---- sessions

static void build_frame(Session *s) {
  char head[HEAD];
  int n = 0;
  bool relayed = !strcmp(opt.via, "relay");
  const char *to = relayed ? s->to->path : "msrp://proxy.invalid:1/none;tcp";
  n += snprintf(head + n, HEAD - n, "MSRP %12s SEND\r\nTo-Path: %s %s", "", to, s->to->own);
  n += snprintf(head + n, HEAD - n, "\r\nFrom-Path: %s\r\n", s->from->own);
  n += snprintf(head + n, HEAD - n, "Message-ID: ");
  s->message_id_at = n;
  n += snprintf(head + n, HEAD - n, "%12s\r\nSuccess-Report: no\r\nFailure-Report: %s\r\n", "", opt.failure_report ? "yes" : "no");
  if (opt.chunk > 2048) n += snprintf(head + n, HEAD - n, "Byte-Range: 1-*/%d\r\n", opt.chunk);
  else n += snprintf(head + n, HEAD - n, "Byte-Range: 1-%d/%d\r\n", opt.chunk, opt.chunk);
  n += snprintf(head + n, HEAD - n, "Content-Type: application/octet-stream\r\n\r\n");
  s->id_at = 5;
  s->frame = malloc(n + opt.chunk + 64);
  memcpy(s->frame, head, n);
  RAND_bytes(s->frame + n, opt.chunk);
  int end = sprintf((char *)s->frame + n + opt.chunk, "\r\n-------%12s$\r\n", "");
  s->end_id_at = n + opt.chunk + 9;
  s->frame_length = n + opt.chunk + end;
  s->got = s->acked = true;
}

static Conn *accept_connection(int role) {
  int fd = accept(listen_fd, NULL, NULL);
  if (fd < 0) die("accept: %s", strerror(errno));
  Conn *c = connection(fd, role);
  if (opt.tls) {
    use_tls(c, server_context);
    if (SSL_accept(c->ssl) != 1) tls_failed("TLS handshake at the receiver");
  }
  return c;
}

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
  s->from = connection(dial(), SENDER);
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

// The file's connection keeps little in the kernel that is not under way: what is there cannot be overtaken.
static void carry_file(Session *s) {
  int least = 128 * 1024;
  setsockopt(s->from->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &least, sizeof least);
  s->overtakes = true;
  s->text_at = calloc(TEXTS, sizeof *s->text_at);
}

static double send_due_text(Session *s) {
  static double next;
  double t = now();
  if (t >= next) {
    if (s->texts_due - s->texts_sent < TEXTS) s->text_at[s->texts_due++ % TEXTS] = t;
    next = t + TEXT_EVERY;
    send_more(s);
  }
  return next - t;
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

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

// What a run has shown; the program that started it reads it.
static void tell_begin(void) {
  printf("{\"event\":\"begin\"}\n");
  fflush(stdout);
}

static void tell_end(double seconds, double busy, int number, uint64_t bytes, uint64_t received, uint64_t set_up, double slowest) {
  printf("{\"event\":\"end\",\"seconds\":%.4f,\"busy\":%.4f,\"sessions\":%d,\"bytes\":%lu,\"messages\":%lu,\"setUps\":%lu,"
         "\"slowest\":%.4f",
         seconds, busy, number, (unsigned long)bytes, (unsigned long)received, (unsigned long)set_up, slowest);
  if (latency_count > 0) {
    qsort(latencies, latency_count, sizeof *latencies, by_size);
    printf(",\"latency\":{\"median\":%.1f,\"p99\":%.1f}", latencies[latency_count / 2] * 1e6, latencies[latency_count * 99 / 100] * 1e6);
  }
  printf("}\n");
}

static void traffic(void) {
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

// ---- set-up

// Those that a relay breaks off do not count as set up.
static uint64_t set_ups, failed;

static void log_in_again(Conn *c);

static void advance(Conn *c) {
  if (c->step == 0) {
    if (c->ssl) {
      int n = SSL_connect(c->ssl);
      if (n != 1) {
        int error = SSL_get_error(c->ssl, n);
        if (error == SSL_ERROR_WANT_READ) return watch(c, false);
        if (error == SSL_ERROR_WANT_WRITE) return watch(c, true);
        tls_failed("TLS handshake");
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
    if (++failed > 100 + set_ups) die("connections are closed during AUTH");
    log_in_again(c);
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
  c->fd = dial();
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

static void set_up(void) {
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

static void sleep_for(double seconds) {
  struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
  nanosleep(&t, NULL);
}

static void idle(void) {
  bool relayed = !strcmp(opt.via, "relay");
  for (int i = 0; i < opt.sessions; i++) {
    Conn *c = open_connection(RECEIVER);
    if (relayed) log_in(c);
  }
  sleep_for(opt.warmup);
  tell_begin();
  sleep_for(opt.seconds);
  tell_end(opt.seconds, 0, opt.sessions, 0, 0, 0, 1);
}

// ---- command line

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
