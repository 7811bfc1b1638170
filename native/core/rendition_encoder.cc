#include "rendition_encoder.h"

#include <algorithm>
#include <optional>

#include "video_info.h"

namespace framegate {

void RenditionEncoder::SetRenditions(const std::vector<Rendition>& renditions) {
  std::vector<Output> outputs;
  for (const Rendition& rendition : renditions) {
    auto same = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& output) {
      return output.rendition.id == rendition.id && output.rendition.fps == rendition.fps;
    });
    outputs.push_back({rendition, same == outputs_.end() ? RateLimiter(rendition.fps) : same->limiter});
  }
  outputs_ = std::move(outputs);
}

bool RenditionEncoder::Wants(int64_t stream_ns) {
  const bool wants = std::any_of(outputs_.begin(), outputs_.end(),
                                 [&](const Output& output) { return output.limiter.Wants(stream_ns); });
  // The limiters see every frame, so that they notice jumps.
  if (!wants) {
    for (Output& output : outputs_) output.limiter.Take(stream_ns);
  }
  return wants;
}

bool RenditionEncoder::Encode(SamplePtr raw, const GstVideoInfo& source, const UnitTimes::Times& times,
                              const OnFrame& on_frame) {
  made_.clear();
  lent_ = 0;
  GstVideoInfo info = source;
  std::optional<MappedPicture> whole;
  for (Output& output : outputs_) {
    if (!output.limiter.Take(times.stream_ns)) continue;
    const Rendition& rendition = output.rendition;
    const bool lends = lane_ && lane_->HasReaders(rendition.id);
    if (!rendition.jpeg && !lends) continue;
    if (!whole) {
      if (!IsI420(info)) {
        raw = converter_.Convert(raw.get());
        if (!raw || !ReadVideoInfo(gst_sample_get_caps(raw.get()), &info)) return false;
      }
      whole.emplace(raw.get(), info);
      if (!whole->mapped()) return false;
    }
    I420View picture;
    if (!scaler_.Scale(whole->view(), rendition.width, &picture)) return false;
    if (lends) {
      lent_ += lane_->Put(rendition.id, picture,
                          {times.received_mono_ns, times.received_at_us, times.captured_at_us, whole->view().width,
                           whole->view().height, rendition.fps});
    }
    if (!rendition.jpeg) continue;
    const std::vector<uint8_t>* jpeg = Jpeg(picture, rendition.jpeg_quality);
    if (!jpeg) return false;
    auto frame = std::make_unique<JpegFrame>();
    frame->rendition = rendition.id;
    frame->jpeg = *jpeg;
    frame->width = picture.width;
    frame->height = picture.height;
    frame->source_width = whole->view().width;
    frame->source_height = whole->view().height;
    frame->received_at_us = times.received_at_us;
    frame->captured_at_us = times.captured_at_us;
    on_frame(std::move(frame));
  }
  return true;
}

// Null if it fails. Valid until the next call.
const std::vector<uint8_t>* RenditionEncoder::Jpeg(const I420View& picture, int quality) {
  const auto same = std::find_if(made_.begin(), made_.end(), [&](const Made& other) {
    return other.width == picture.width && other.quality == quality;
  });
  if (same != made_.end()) return &same->jpeg;
  made_.push_back({picture.width, quality, {}});
  return encoder_.Encode(picture, quality, &made_.back().jpeg) ? &made_.back().jpeg : nullptr;
}

}  // namespace framegate
