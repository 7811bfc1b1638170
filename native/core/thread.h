// A thread whose start can fail: std::thread would end the process, since this code has no exceptions.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <utility>

namespace framegate {

class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // False if the system has no thread left for this process. Call it once.
  [[nodiscard]] bool Start(std::function<void()> run) {
    auto body = std::make_unique<std::function<void()>>(std::move(run));
    started_ = pthread_create(&thread_, nullptr, &Thread::Run, body.get()) == 0;
    if (started_) (void)body.release();  // The thread owns it.
    return started_;
  }

  // Waits for the end of the thread. Does nothing if it never started, or was joined before.
  void Join() {
    if (std::exchange(started_, false)) pthread_join(thread_, nullptr);
  }

 private:
  static void* Run(void* body) {
    const std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()>*>(body));
    (*run)();
    return nullptr;
  }

  pthread_t thread_ = {};
  bool started_ = false;
};

constexpr char kNoThread[] =
    "the system has no thread left for the gateway (ulimit -u, a limit of processes, or memory)";

}  // namespace framegate
