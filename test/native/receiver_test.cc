// The receiver with a test camera: the times of the pictures that it delivers.
#include "core/receiver.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "check.h"
#include "core/clocks.h"
#include "core/gst_init.h"
#include "test_camera.h"

using namespace framegate;

namespace {

constexpr size_t kPictures = 30;

struct Picture {
  int64_t time_ns = 0;         // When to show it.
  uint32_t rtp_timestamp = 0;  // At 90 kHz.
};

// In the order in which they arrive.
class Pictures {
 public:
  void Add(Picture picture) {
    std::lock_guard<std::mutex> lock(mutex_);
    pictures_.push_back(picture);
    changed_.notify_all();
  }
  std::vector<Picture> Enough() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [this] { return pictures_.size() >= kPictures; });
    return pictures_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Picture> pictures_;
};

// The times of the jitter buffer would count from the start of the pipeline, and follow the arrival of the packets.
TEST(PicturesAreAsFarApartAsTheirRtpTimestamps) {
  const TestCamera camera("h264", "--bframes 2 --profile high");
  SourceOptions options;
  options.url = camera.url();
  options.user_agent = "Framegate/test";
  Pictures pictures;
  Receiver* its = nullptr;
  Receiver::Callbacks callbacks;
  callbacks.on_sample = [&](Codec, const SamplePtr& sample, int64_t) {
    const auto time_ns = static_cast<int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(sample.get())));
    pictures.Add({time_ns, its->rtp_timestamp()});
  };
  callbacks.on_stream = [](const StreamInfo&) {};
  callbacks.on_error = [](const PipelineError& error) { std::fprintf(stderr, "%s\n", error.message.c_str()); };
  const int64_t before_ns = MonotonicNs();
  Receiver receiver(options, callbacks);
  its = &receiver;
  receiver.Open();
  receiver.Start();
  const std::vector<Picture> seen = pictures.Enough();
  receiver.Stop();
  CHECK(seen.size() >= kPictures);
  if (seen.empty()) return;
  CHECK(seen[0].time_ns >= before_ns && seen[0].time_ns <= MonotonicNs());
  bool reordered = false;
  for (size_t i = 1; i < seen.size(); ++i) {
    const int64_t step_ns = seen[i].time_ns - seen[i - 1].time_ns;
    const auto ticks = static_cast<int32_t>(seen[i].rtp_timestamp - seen[i - 1].rtp_timestamp);
    const int64_t away_ns = step_ns - ticks * MsToNs(1000) / 90000;
    CHECK(away_ns >= -2 && away_ns <= 2);  // Rounded.
    reordered = reordered || step_ns < 0;
  }
  CHECK(reordered);
}

}  // namespace

int main() {
  CHECK(EnsureGstInit().empty());
  return check::RunTests();
}
