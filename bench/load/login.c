// AUTH (RFC 4976 §5.1, §9.1).

#include "load.h"

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

void write_auth(char *text, size_t room, Conn *c, const char *challenge) {
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
const char *challenge_in(const char *text) {
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

int status_of(const char *text) {
  int status = 0;
  sscanf(text, "MSRP %*s %d", &status);
  return status;
}

void name_self(Conn *c) {
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

void log_in(Conn *c) {
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
