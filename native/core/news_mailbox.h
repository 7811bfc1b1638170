// Holds the news of a session until the JS thread takes it. There is one slot for each kind of news and for each
// rendition's frame, so that a slow reader gets the newest and nothing piles up.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guarded.h"
#include "pipeline_error.h"
#include "stream_types.h"

namespace framegate {

// What has happened since the last Take().
struct PipelineNews {
  std::optional<StreamInfo> stream;
  std::optional<bool> live;  // Whether whole frames arrive.
  std::optional<Announced> announced;
  bool quiet = false;                  // With live = false: nothing at all arrives, which may be a pause of the camera.
  std::optional<PipelineError> fault;  // Why no frames can be shown, although the session goes on.
  std::optional<PipelineError> ended;  // Why the session ended. Set once.
  std::vector<std::unique_ptr<JpegFrame>> frames;
};

class NewsMailbox {
 public:
  // wake: called for the first news after a Take(), on the thread that puts it.
  explicit NewsMailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Any thread.
  void PutStream(StreamInfo stream) {
    Put([&](Slots& slots) { slots.stream = std::move(stream); });
  }
  void PutLive(bool live, bool quiet = false) {
    Put([&](Slots& slots) {
      slots.live = live;
      slots.quiet = quiet;
    });
  }
  void PutAnnounced(const Announced& announced) {
    Put([&](Slots& slots) { slots.announced = announced; });
  }
  void PutFault(PipelineError fault) {
    Put([&](Slots& slots) { slots.fault = std::move(fault); });
  }
  void PutEnd(PipelineError reason) {
    Put([&](Slots& slots) { slots.ended = std::move(reason); });
  }
  void PutFrame(std::unique_ptr<JpegFrame> frame) {
    Put([&](Slots& slots) {
      std::unique_ptr<JpegFrame>& slot = slots.frames[frame->rendition];
      if (slot) ++slots.overwritten;
      slot = std::move(frame);
    });
  }

  PipelineNews Take() {
    PipelineNews news;
    auto slots = slots_.Lock();
    slots->woken = false;
    std::swap(news.stream, slots->stream);
    std::swap(news.live, slots->live);
    std::swap(news.announced, slots->announced);
    news.quiet = slots->quiet;
    std::swap(news.fault, slots->fault);
    std::swap(news.ended, slots->ended);
    for (auto& [rendition, frame] : slots->frames) news.frames.push_back(std::move(frame));
    slots->frames.clear();
    return news;
  }

  // Frames that a newer one replaced before they were taken.
  uint64_t overwritten() const { return slots_.Lock()->overwritten; }

 private:
  struct Slots {
    std::optional<StreamInfo> stream;
    std::optional<bool> live;
    std::optional<Announced> announced;
    bool quiet = false;
    std::optional<PipelineError> fault;
    std::optional<PipelineError> ended;
    std::map<std::string, std::unique_ptr<JpegFrame>> frames;  // By rendition.
    uint64_t overwritten = 0;
    bool woken = false;  // wake_ was called since the last Take().
  };

  template <typename Fill>
  void Put(Fill fill) {
    {
      auto slots = slots_.Lock();
      fill(*slots);
      if (slots->woken) return;
      slots->woken = true;
    }
    wake_();
  }

  const std::function<void()> wake_;
  Guarded<Slots> slots_;
};

}  // namespace framegate
