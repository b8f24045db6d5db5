// A connection that carries a file, and texts that are to overtake it.

#include "load.h"

enum { TEXT = 2048, TEXTS = 4096 };
static const uint64_t FILE_SIZE = 1 << 30;
static const double TEXT_EVERY = 0.01;

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
void send_file_and_texts(Session *s) {
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

void text_arrived(Session *s, const char *head, size_t length) {
  const char *at = memmem(head, length, "\r\nMessage-ID: t", 15);
  unsigned number;
  if (!at || sscanf(at + 18, "%8x", &number) != 1) return;
  record_latency(now() - s->text_at[number % TEXTS]);
}

// The file's connection keeps little in the kernel that is not under way: what is there cannot be overtaken.
void carry_file(Session *s) {
  int least = 128 * 1024;
  setsockopt(s->from->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &least, sizeof least);
  s->overtakes = true;
  s->text_at = calloc(TEXTS, sizeof *s->text_at);
}

double send_due_text(Session *s) {
  static double next;
  double t = now();
  if (t >= next) {
    if (s->texts_due - s->texts_sent < TEXTS) s->text_at[s->texts_due++ % TEXTS] = t;
    next = t + TEXT_EVERY;
    send_more(s);
  }
  return next - t;
}
