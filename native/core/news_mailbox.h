// What a session has to tell, until the JS thread takes it: one slot for each kind of news and for each rendition's
// frame, so that a reader that is slow sees the newest and nothing piles up.
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

// What happened since the last Take().
struct PipelineNews {
  std::optional<StreamInfo> stream;
  std::optional<bool> live;            // Whole frames arrive; false: they stopped arriving.
  std::optional<PipelineError> ended;  // The session is over. Comes once.
  std::vector<std::unique_ptr<JpegFrame>> frames;
};

class NewsMailbox {
 public:
  // wake: called by the thread that puts the first news after a Take().
  explicit NewsMailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Any thread.
  void PutStream(StreamInfo stream) {
    Put([&](Slots& slots) { slots.stream = std::move(stream); });
  }
  void PutLive(bool live) {
    Put([&](Slots& slots) { slots.live = live; });
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
    std::optional<PipelineError> ended;
    std::map<std::string, std::unique_ptr<JpegFrame>> frames;  // By rendition.
    uint64_t overwritten = 0;
    bool woken = false;  // wake_ was called and nothing has been taken since.
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
