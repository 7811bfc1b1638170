// Whether the process can still have file descriptors and threads. GLib and GStreamer end the process if it cannot.
#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "core/thread.h"
#include "functions.h"

namespace framegate {
namespace {

bool CanOpen(int count) {
  std::vector<int> opened;
  for (int i = 0; i < count; ++i) {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    opened.push_back(fd);
  }
  for (const int fd : opened) close(fd);
  return static_cast<int>(opened.size()) == count;
}

// All of them at the same time: the limits differ (ulimit -u, a cgroup's pids.max, memory), the result counts.
bool CanStart(int count) {
  std::mutex mutex;
  std::condition_variable over;
  bool end = false;
  std::vector<Thread> threads(count);
  bool all = true;
  for (Thread& thread : threads) {
    all = all && thread.Start([&] {
      std::unique_lock<std::mutex> lock(mutex);
      over.wait(lock, [&] { return end; });
    });
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    end = true;
  }
  over.notify_all();
  for (Thread& thread : threads) thread.Join();
  return all;
}

}  // namespace

Napi::Value Headroom(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "headroom expects two numbers").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (!CanOpen(info[0].As<Napi::Number>().Int32Value())) return Napi::String::New(env, "descriptors");
  if (!CanStart(info[1].As<Napi::Number>().Int32Value())) return Napi::String::New(env, "threads");
  return env.Null();
}

}  // namespace framegate
