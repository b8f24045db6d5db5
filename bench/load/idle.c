// Connections that say nothing.

#include "load.h"

static void sleep_for(double seconds) {
  struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
  nanosleep(&t, NULL);
}

void idle(void) {
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
