// What the parts of the load share.

#pragma once
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

// Bytes that a receiving connection may hold, and that the head of a chunk may have.
enum { READ = 512 * 1024, HEAD = 1024 };

typedef struct {
  const char *mode, *via, *user, *password, *certificate, *key, *host;
  struct sockaddr_in target, listen;
  bool tls, behind_tls, failure_report, verify, overtake;
  int sessions, stalled, chunk, window, concurrent;
  // Bytes that a session makes ready before it writes.
  size_t gather;
  // Of the receivers' sockets; 0: what the kernel sees fit. What lies there when the clock starts was not sent since.
  int receive_buffer;
  double warmup, seconds;
} Options;

extern Options opt;

// A connection; `step` counts the answers to AUTH in set-up.c.
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

// A sender's connection, a receiver's, and the chunk that goes over them again and again with new ids.
typedef struct Session {
  int number;
  Conn *from, *to;
  uint8_t *frame;
  size_t frame_length, id_at, message_id_at, end_id_at;
  uint64_t sent, answered, received, bytes;
  uint64_t bytes_at_start, received_at_start;
  char reply[1024];
  int reply_length, reply_end_id_at;
  double sent_at;
  bool got, acked;
  // Of the session with a file and texts: where in the file it is, when each text was to be sent, how many were.
  bool overtakes;
  uint64_t file_at, file_number;
  double *text_at;
  uint64_t texts_due, texts_sent;
} Session;

// figures.c: seconds
extern bool measuring;
double now(void);
double cpu(void);
void record_latency(double seconds);
void tell_begin(void);
void tell_end(double seconds, double busy, int number, uint64_t bytes, uint64_t received, uint64_t set_up, double slowest);

// connection.c
extern int epoll_fd, listen_fd;
extern SSL_CTX *client_context, *server_context;
void die(const char *format, ...);
void nonblocking(int fd);
Conn *connection(int fd, int role);
void use_tls(Conn *c, SSL_CTX *context);
void gather_records(Conn *c);
int dial(int role);
void tls_failed(const char *what);
Conn *open_connection(int role);
Conn *accept_connection(int role);

// login.c
void write_auth(char *text, size_t room, Conn *c, const char *challenge);
const char *challenge_in(const char *text);
int status_of(const char *text);
void name_self(Conn *c);
void log_in(Conn *c);

// output.c
void watch(Conn *c, bool write);
void put(Conn *c, const void *bytes, size_t length);
bool flush(Conn *c);

// sending.c
void build_frame(Session *s);
void send_more(Session *s);

// file-and-texts.c
void send_file_and_texts(Session *s);
void text_arrived(Session *s, const char *head, size_t length);
void carry_file(Session *s);
double send_due_text(Session *s);

// receiving.c
// Bodies that differ, responses other than 200.
extern uint64_t bad;
void readable(Conn *c);

// traffic.c
void traffic(void);

// set-up.c
void set_up(void);

// idle.c
void idle(void);
