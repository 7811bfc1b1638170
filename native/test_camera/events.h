// Everything that goes to stdout: one JSON object per line, flushed at once (any thread).
#ifndef FRAMEGATE_TEST_CAMERA_EVENTS_H_
#define FRAMEGATE_TEST_CAMERA_EVENTS_H_

#include <cstdint>
#include <string>

struct Counts {
  uint64_t active = 0;  // RTSP sessions that are set up.
  uint64_t total = 0;   // RTSP sessions so far.
  uint64_t connections = 0;
  uint64_t open_connections = 0;
  uint64_t describes = 0;
};

// `login_url` may be empty.
void PrintReady(const std::string& url, const std::string& login_url, int port);
void PrintSession(const Counts& counts);
void PrintSent(uint64_t frame, int64_t at_us, int64_t captured_us);
void PrintStats(const Counts& counts, uint64_t frames);
// A command has taken effect.
void PrintDone(const std::string& command);
void PrintError(const std::string& message);

#endif  // FRAMEGATE_TEST_CAMERA_EVENTS_H_
