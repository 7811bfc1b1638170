// Writes the events; the lock of stdio keeps lines intact (any thread).
#include "events.h"

#include <cinttypes>
#include <cstdio>

namespace {

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7E) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void PrintLine(const std::string& line) {
  flockfile(stdout);
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
  funlockfile(stdout);
}

std::string Field(const char* name, uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

}  // namespace

void PrintReady(const std::string& url, const std::string& login_url, int port) {
  const std::string login = login_url.empty() ? "" : ",\"login_url\":" + Quoted(login_url);
  PrintLine("{\"event\":\"ready\",\"url\":" + Quoted(url) + login + Field("port", port) + "}");
}

void PrintSession(const Counts& counts) {
  PrintLine("{\"event\":\"session\"" + Field("active", counts.active) + Field("total", counts.total) + "}");
}

void PrintSent(uint64_t frame, int64_t at_us, int64_t captured_us) {
  PrintLine("{\"event\":\"sent\"" + Field("frame", frame) + Field("at_us", at_us) + Field("captured_us", captured_us) +
            "}");
}

void PrintStats(const Counts& counts, uint64_t frames) {
  PrintLine("{\"event\":\"stats\"" + Field("active", counts.active) + Field("total", counts.total) +
            Field("connections", counts.connections) + Field("open_connections", counts.open_connections) +
            Field("frames", frames) + Field("describes", counts.describes) + "}");
}

void PrintDone(const std::string& command) { PrintLine("{\"event\":\"done\",\"command\":" + Quoted(command) + "}"); }

void PrintError(const std::string& message) { PrintLine("{\"event\":\"error\",\"message\":" + Quoted(message) + "}"); }
