// What is measured, and telling it to the program that started the load.

#include "load.h"

bool measuring;

static double *latencies;
static size_t latency_count, latency_room;

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void record_latency(double seconds) {
  if (!measuring) return;
  if (latency_count == latency_room) latencies = realloc(latencies, (latency_room = latency_room * 2 + 4096) * sizeof *latencies);
  latencies[latency_count++] = seconds;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

// What a run has shown; the program that started it reads it.
void tell_begin(void) {
  printf("{\"event\":\"begin\"}\n");
  fflush(stdout);
}

void tell_end(double seconds, double busy, int number, uint64_t bytes, uint64_t received, uint64_t set_up, double slowest) {
  printf("{\"event\":\"end\",\"seconds\":%.4f,\"busy\":%.4f,\"sessions\":%d,\"bytes\":%lu,\"messages\":%lu,\"setUps\":%lu,"
         "\"slowest\":%.4f",
         seconds, busy, number, (unsigned long)bytes, (unsigned long)received, (unsigned long)set_up, slowest);
  if (latency_count > 0) {
    qsort(latencies, latency_count, sizeof *latencies, by_size);
    printf(",\"latency\":{\"median\":%.1f,\"p99\":%.1f}", latencies[latency_count / 2] * 1e6, latencies[latency_count * 99 / 100] * 1e6);
  }
  printf("}\n");
}
