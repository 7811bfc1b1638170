// A minimal test harness: TEST defines a test, CHECK counts failures and continues, RunTests() runs all tests of the
// program and returns its exit status.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

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

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

struct Registration {
  Registration(const char* name, void (*run)()) { Tests().push_back({name, run}); }
};

// Runs them in the order of the file.
inline int RunTests() {
  for (const Test& test : Tests()) {
    const int before = failures;
    test.run();
    if (failures > before) std::fprintf(stderr, "FAILED: %s\n", test.name);
  }
  if (failures > 0) std::fprintf(stderr, "%d checks failed\n", failures.load());
  if (Tests().empty()) std::fprintf(stderr, "no tests\n");
  return failures == 0 && !Tests().empty() ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                                \
  static void name();                                             \
  static const check::Registration name##Registered{#name, name}; \
  static void name()
#define CHECK(condition) check::That((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(a, b) check::Equal((a), (b), #a " == " #b, __FILE__, __LINE__)
