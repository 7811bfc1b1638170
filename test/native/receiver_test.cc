// The receiver with a test camera: the times of the pictures that it delivers.
#include "core/receiver.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <string>
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

// While it exists, packets leave each new rtspsrc without RTP markers.
class NoMarkers {
 public:
  NoMarkers()
      : signal_(g_signal_lookup("pad-added", GST_TYPE_ELEMENT)),
        hook_(g_signal_add_emission_hook(signal_, 0, &NoMarkers::OnPad, nullptr, nullptr)) {}
  ~NoMarkers() { g_signal_remove_emission_hook(signal_, hook_); }
  NoMarkers(const NoMarkers&) = delete;
  NoMarkers& operator=(const NoMarkers&) = delete;

 private:
  static gboolean OnPad(GSignalInvocationHint*, guint, const GValue* values, gpointer) {
    auto* element = static_cast<GstElement*>(g_value_get_object(&values[0]));
    auto* pad = static_cast<GstPad*>(g_value_get_object(&values[1]));
    if (g_str_has_prefix(G_OBJECT_TYPE_NAME(element), "GstRTSPSrc")) {
      const auto packets = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
      gst_pad_add_probe(pad, packets, &NoMarkers::OnPackets, nullptr, nullptr);
    }
    return TRUE;
  }
  static GstPadProbeReturn OnPackets(GstPad*, GstPadProbeInfo* info, gpointer) {
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      GstBuffer* packet = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
      info->data = packet;
      Clear(packet);
    } else {
      GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
      info->data = list;
      for (guint i = 0; i < gst_buffer_list_length(list); ++i) Clear(gst_buffer_list_get_writable(list, i));
    }
    return GST_PAD_PROBE_OK;
  }
  static void Clear(GstBuffer* packet) {
    uint8_t byte = 0;
    gst_buffer_extract(packet, 1, &byte, 1);
    byte &= 0x7f;
    gst_buffer_fill(packet, 1, &byte, 1);
    GST_BUFFER_FLAG_UNSET(packet, GST_BUFFER_FLAG_MARKER);
  }

  const guint signal_;
  const gulong hook_;
};

// Pulls from the receiver in MediaMTX's place.
class Client {
 public:
  explicit Client(const std::string& url)
      : pipeline_(gst_parse_launch(
            ("rtspsrc protocols=tcp latency=0 location=" + url + " ! fakesink async=false sync=false").c_str(),
            nullptr)) {
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~Client() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(pipeline_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

 private:
  GstElement* const pipeline_;
};

// Each picture of a stream with B-pictures comes with its own RTP timestamp.
void CheckTimes(bool tap = false) {
  const TestCamera camera("h264", "--bframes 2 --profile high");
  SourceOptions options;
  options.url = camera.url();
  options.user_agent = "Framegate/test";
  options.tap = tap;
  Pictures pictures;
  Receiver* its = nullptr;
  std::promise<std::string> error;
  std::once_flag failed;
  Receiver::Callbacks callbacks;
  callbacks.on_sample = [&](Codec, const SamplePtr& sample, int64_t) {
    const auto time_ns = static_cast<int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(sample.get())));
    pictures.Add({time_ns, its->rtp_timestamp()});
  };
  callbacks.on_stream = [](const StreamInfo&) {};
  callbacks.on_error = [&](const PipelineError& first) {
    std::call_once(failed, [&] { error.set_value(first.code + " " + first.message); });
  };
  const int64_t before_ns = MonotonicNs();
  Receiver receiver(options, callbacks);
  its = &receiver;
  receiver.Open();
  CHECK(receiver.front_url().empty() != tap);
  std::optional<Client> client;
  if (tap) client.emplace(receiver.front_url());
  receiver.Start();
  const std::vector<Picture> seen = pictures.Enough();
  if (tap) {
    client.reset();
    std::future<std::string> reason = error.get_future();
    CHECK(reason.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    CHECK(reason.get() == "ERR_SOURCE_CLOSED MediaMTX closed its connection to the gateway");
  }
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

// The times of the jitter buffer would count from the start of the pipeline, and follow the arrival of the packets.
TEST(PicturesAreAsFarApartAsTheirRtpTimestamps) { CheckTimes(); }

TEST(PicturesOnTheirWayToMediaMtxAreTheSame) { CheckTimes(true); }

// Such a picture ends only when the next one begins, whose time is another.
TEST(PicturesWithoutRtpMarkersHaveTheirOwnTimes) {
  const NoMarkers no_markers;
  CheckTimes();
}

}  // namespace

int main() {
  CHECK(EnsureGstInit().empty());
  return check::RunTests();
}
