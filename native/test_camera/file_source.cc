// Demultiplexes through parsebin into appsinks, then plays the units.
#include "file_source.h"

#include <gst/app/gstappsink.h>

#include <algorithm>

namespace {

constexpr GstClockTime kLoadTimeout = 30 * GST_SECOND;

// What to send for each kind of pad of parsebin. Parameter sets precede every key frame.
struct Track {
  const char* media;
  const char* parser;
  const char* caps;
  bool video;
};
constexpr Track kTracks[] = {
    {"video/x-h264", "h264parse", "video/x-h264,stream-format=byte-stream,alignment=au", true},
    {"video/x-h265", "h265parse", "video/x-h265,stream-format=byte-stream,alignment=au", true},
    {"audio/mpeg", "aacparse", "audio/mpeg,mpegversion=4,stream-format=raw", false},
};

GstElement* Sink(const Track& track) {
  GstElement* sink = gst_element_factory_make("appsink", track.video ? "video" : "audio");
  GstCaps* caps = gst_caps_from_string(track.caps);
  g_object_set(sink, "caps", caps, "sync", FALSE, "async", FALSE, "wait-on-eos", FALSE, nullptr);
  gst_caps_unref(caps);
  return sink;
}

// Takes the first video track and the first AAC track. Others stay unlinked, which parsebin treats as "not wanted".
void OnPad(GstElement*, GstPad* pad, gpointer data) {
  auto* pipeline = static_cast<GstBin*>(data);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return;
  const GstStructure* shape = gst_caps_get_structure(caps, 0);
  for (const Track& track : kTracks) {
    int version = 4;
    gst_structure_get_int(shape, "mpegversion", &version);
    if (!gst_structure_has_name(shape, track.media) || (version != 4 && version != 2)) continue;
    GstElement* old = gst_bin_get_by_name(pipeline, track.video ? "video" : "audio");
    if (old != nullptr) {
      gst_object_unref(old);
      continue;
    }
    GstElement* parser = gst_element_factory_make(track.parser, nullptr);
    if (track.video) g_object_set(parser, "config-interval", -1, nullptr);
    GstElement* sink = Sink(track);
    gst_bin_add_many(pipeline, parser, sink, nullptr);
    gst_element_link(parser, sink);
    GstPad* into = gst_element_get_static_pad(parser, "sink");
    gst_pad_link(pad, into);
    gst_object_unref(into);
    gst_element_sync_state_with_parent(sink);
    gst_element_sync_state_with_parent(parser);
  }
  gst_caps_unref(caps);
}

// Waits until the whole file is in the appsinks' queues. If that fails, returns false and sets `error`.
bool ReadAll(GstElement* pipeline, std::string* error) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, kLoadTimeout, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_object_unref(bus);
  if (message == nullptr) {
    *error = "reading it took longer than 30 s";
    return false;
  }
  const bool whole = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  if (!whole) {
    GError* reason = nullptr;
    gst_message_parse_error(message, &reason, nullptr);
    *error = reason->message;
    g_error_free(reason);
  }
  gst_message_unref(message);
  return whole;
}

int64_t RunningTime(const GstSegment* segment, GstClockTime time) {
  guint64 value = 0;
  const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &value);
  return sign >= 0 ? static_cast<int64_t>(value) : -static_cast<int64_t>(value);
}

}  // namespace

std::unique_ptr<FileSource> FileSource::Load(const std::string& file, bool with_audio, std::string* error) {
  std::unique_ptr<FileSource> source(new FileSource);
  GstElement* pipeline = gst_pipeline_new(nullptr);
  GstElement* reader = gst_element_factory_make("filesrc", nullptr);
  GstElement* parse = gst_element_factory_make("parsebin", nullptr);
  g_object_set(reader, "location", file.c_str(), nullptr);
  gst_bin_add_many(GST_BIN(pipeline), reader, parse, nullptr);
  gst_element_link(reader, parse);
  g_signal_connect(parse, "pad-added", G_CALLBACK(OnPad), pipeline);
  const bool read = ReadAll(pipeline, error);
  if (read) {
    source->Pull(pipeline, "video", true);
    if (with_audio) source->Pull(pipeline, "audio", false);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  if (!read || !source->Arrange(error)) return nullptr;
  return source;
}

FileSource::~FileSource() {
  for (const Unit& unit : units_) gst_buffer_unref(unit.buffer);
  if (video_caps_ != nullptr) gst_caps_unref(video_caps_);
  if (audio_caps_ != nullptr) gst_caps_unref(audio_caps_);
}

void FileSource::Pull(GstElement* pipeline, const char* name, bool video) {
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (sink == nullptr) return;
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 0)) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    const GstSegment* segment = gst_sample_get_segment(sample);
    GstCaps** caps = video ? &video_caps_ : &audio_caps_;
    if (*caps == nullptr) *caps = gst_caps_ref(gst_sample_get_caps(sample));
    if (GST_BUFFER_PTS_IS_VALID(buffer)) {
      const int64_t pts = RunningTime(segment, GST_BUFFER_PTS(buffer));
      const int64_t dts = GST_BUFFER_DTS_IS_VALID(buffer) ? RunningTime(segment, GST_BUFFER_DTS(buffer)) : pts;
      units_.push_back({gst_buffer_ref(buffer), video, dts, pts});
    }
    gst_sample_unref(sample);
  }
  gst_object_unref(sink);
}

// Sorts the units, starting at time 0, and computes the length of a round.
bool FileSource::Arrange(std::string* error) {
  std::vector<int64_t> video;
  for (const Unit& unit : units_) {
    if (unit.video) video.push_back(unit.dts);
  }
  if (video.size() < 2) {
    *error = "it has no H.264 or H.265 video";
    return false;
  }
  const auto frames = static_cast<int64_t>(video.size());
  const int64_t start = *std::min_element(video.begin(), video.end());
  const int64_t end = *std::max_element(video.begin(), video.end());
  period_ns_ = (end - start) * frames / (frames - 1);
  // Omit units that would overlap the next round or precede the first frame.
  std::vector<Unit> kept;
  for (Unit unit : units_) {
    unit.dts -= start;
    unit.pts -= start;
    if (unit.dts < 0 || unit.pts < 0 || unit.dts >= period_ns_) {
      gst_buffer_unref(unit.buffer);
    } else {
      kept.push_back(unit);
    }
  }
  units_.swap(kept);
  frames_ = std::count_if(units_.begin(), units_.end(), [](const Unit& unit) { return unit.video; });
  std::stable_sort(units_.begin(), units_.end(), [](const Unit& a, const Unit& b) { return a.dts < b.dts; });
  if (period_ns_ > 0) return true;
  *error = "its video has no timestamps";
  return false;
}

uint64_t FileSource::NextDue() const { return round_ns_ + units_[next_].dts; }

GstBuffer* FileSource::Take() {
  const Unit& unit = units_[next_];
  GstBuffer* buffer = gst_buffer_copy(unit.buffer);
  GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_PTS(buffer) = round_ns_ + unit.pts;
  GST_BUFFER_DTS(buffer) = round_ns_ + unit.dts;
  if (unit.video) ++number_;
  if (++next_ == units_.size()) {
    next_ = 0;
    round_ns_ += period_ns_;
  }
  return buffer;
}

void FileSource::Restart() {
  next_ = 0;
  round_ns_ = 0;
  number_ = (number_ + frames_ - 1) / frames_ * frames_;
}
