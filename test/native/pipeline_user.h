// One pipeline and three threads that use it at the same time, as the addon does: one takes news when woken, one
// changes renditions, one reads statistics. The owner closes it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "check.h"
#include "core/camera_pipeline.h"

class PipelineUser {
 public:
  struct Seen {
    int streams = 0, frames = 0, ends = 0;
    std::string end;  // The error's code, message and debug text.
  };

  PipelineUser(const std::string& url, unsigned seed)
      : pipeline_(Options(url), nullptr, [this] { OnWake(); }),
        taker_([this] { TakeNews(); }),
        changer_([this, seed] { ChangeRenditions(seed); }),
        reader_([this] { ReadStats(); }) {}

  ~PipelineUser() {
    Close();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    for (std::thread* thread : {&taker_, &changer_, &reader_}) thread->join();
    CHECK_EQ(seen_.ends, 1);
    CHECK_EQ(late_wakes_, 0);
  }
  PipelineUser(const PipelineUser&) = delete;
  PipelineUser& operator=(const PipelineUser&) = delete;

  // False if the condition does not hold within a minute or before the end. A silent session ends after up to 32 s.
  bool WaitUntil(const std::function<bool(const Seen&)>& condition) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return condition(seen_) || seen_.ends > 0; });
    if (condition(seen_)) return true;
    std::fprintf(stderr, "Timed out: %d streams, %d frames, %s\n", seen_.streams, seen_.frames, seen_.end.c_str());
    return false;
  }

  void RequestClose() { pipeline_.RequestClose(); }

  // Any number of times, on any thread.
  void Close() {
    const auto begun = std::chrono::steady_clock::now();
    pipeline_.Close();
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }

  Seen seen() {
    std::lock_guard<std::mutex> lock(mutex_);
    return seen_;
  }

 private:
  static framegate::SourceOptions Options(const std::string& url) {
    framegate::SourceOptions options;
    options.url = url;
    options.user_agent = "Framegate/test";
    options.direct = true;
    return options;
  }

  void OnWake() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (closed_) ++late_wakes_;
      woken_ = true;
    }
    changed_.notify_all();
  }

  void TakeNews() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return woken_ || done_; });
      if (!woken_) return;
      woken_ = false;
      lock.unlock();
      const framegate::PipelineNews news = pipeline_.TakeNews();
      lock.lock();
      if (news.stream) ++seen_.streams;
      if (news.ended) {
        ++seen_.ends;
        seen_.end = news.ended->code + " " + news.ended->message + " " + news.ended->debug;
      }
      for (const auto& frame : news.frames) {
        ++seen_.frames;
        const std::vector<uint8_t>& jpeg = frame->jpeg;
        CHECK(jpeg.size() > 4 && jpeg[0] == 0xff && jpeg[1] == 0xd8 && jpeg[jpeg.size() - 1] == 0xd9);
        CHECK_EQ(frame->width, frame->rendition == "small" ? 160 : 320);
      }
      changed_.notify_all();
    }
  }

  bool DoneWithin(int ms) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return done_; });
  }

  void ChangeRenditions(unsigned seed) {
    const framegate::Rendition small = {"small", 160, 10, 80}, whole = {"whole", 0, 25, 60};
    const std::vector<framegate::Rendition> choices[] = {{small}, {small, whole}, {}, {whole}};
    std::minstd_rand random(seed);
    for (unsigned i = 0; i == 0 || !DoneWithin(static_cast<int>(random() % 400)); ++i)
      pipeline_.SetRenditions(choices[i % 4]);
  }

  void ReadStats() {
    framegate::PipelineStats before;
    while (!DoneWithin(3)) {
      const framegate::PipelineStats now = pipeline_.Stats();
      CHECK(now.access_units >= before.access_units && now.encoded >= before.encoded);
      before = now;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false, closed_ = false, done_ = false;
  int late_wakes_ = 0;
  Seen seen_;
  framegate::CameraPipeline pipeline_;
  std::thread taker_, changer_, reader_;
};

// use: returns whether it succeeded. Retries if the camera answers 503, as the gateway does: libgstrtspserver sends it
// while it still shuts down the media of its last client.
template <typename Use>
PipelineUser::Seen UsePipeline(const std::string& url, unsigned seed, Use use) {
  for (int attempts_left = 50;; --attempts_left) {
    PipelineUser user(url, seed);
    const bool succeeded = use(user);
    user.Close();
    const PipelineUser::Seen seen = user.seen();
    if (succeeded || attempts_left == 0 || seen.end.rfind("ERR_SOURCE_BUSY", 0) != 0) {
      CHECK(succeeded);
      return seen;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}
