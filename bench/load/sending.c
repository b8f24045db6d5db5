// Chunks and messages, as many as are taken.

#include "load.h"

void build_frame(Session *s) {
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

static void next_frame(Session *s) {
  char id[17];
  snprintf(id, sizeof id, "%04x%08lx", s->number, (unsigned long)(s->sent & 0xffffffff));
  memcpy(s->frame + s->id_at, id, 12);
  memcpy(s->frame + s->message_id_at, id, 12);
  memcpy(s->frame + s->end_id_at, id, 12);
  s->sent++;
}

void send_more(Session *s) {
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
