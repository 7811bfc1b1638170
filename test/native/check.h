// The smallest test harness: CHECK counts, RUN names, Finish() gives the exit status.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>

namespace check {

inline std::atomic<int> failures{0};

inline void That(bool holds, const char* text, const char* file, int line, const std::string& detail = "") {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "%s:%d: %s does not hold %s\n", file, line, text, detail.c_str());
}

template <typename A, typename B>
void Equal(const A& a, const B& b, const char* text, const char* file, int line) {
  That(a == b, text, file, line, "(" + std::to_string(a) + " and " + std::to_string(b) + ")");
}

inline int Finish() {
  if (failures > 0) std::fprintf(stderr, "%d checks failed\n", failures.load());
  return failures == 0 ? 0 : 1;
}

}  // namespace check

#define CHECK(condition) check::That((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(a, b) check::Equal((a), (b), #a " == " #b, __FILE__, __LINE__)
