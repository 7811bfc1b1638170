#include "rendition_encoder.h"

#include <algorithm>

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

bool RenditionEncoder::Encode(SamplePtr raw, const GstVideoInfo& source, const UnitTimes::Times& times,
                              const OnFrame& on_frame) {
  struct Made {
    int width, quality;
    JpegPicture picture;
  };
  std::vector<Made> made;
  GstVideoInfo info = source;
  for (Output& output : outputs_) {
    if (!output.limiter.Take(times.stream_ns)) continue;
    const Rendition& rendition = output.rendition;
    int width = 0, height = 0;
    ScaledSize(GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info), rendition.width, &width, &height);
    auto same = std::find_if(made.begin(), made.end(), [&](const Made& other) {
      return other.width == width && other.quality == rendition.jpeg_quality;
    });
    if (same == made.end()) {
      if (!IsI420(info)) {
        raw = converter_.Convert(raw.get());
        if (!raw || !gst_video_info_from_caps(&info, gst_sample_get_caps(raw.get()))) return false;
      }
      same = made.insert(made.end(), {width, rendition.jpeg_quality, {}});
      if (!encoder_.Encode(raw.get(), info, width, rendition.jpeg_quality, &same->picture)) return false;
    }
    auto frame = std::make_unique<JpegFrame>();
    frame->rendition = rendition.id;
    frame->jpeg = same->picture.jpeg;
    frame->width = same->picture.width;
    frame->height = same->picture.height;
    frame->source_width = GST_VIDEO_INFO_WIDTH(&info);
    frame->source_height = GST_VIDEO_INFO_HEIGHT(&info);
    frame->received_at_us = times.received_at_us;
    frame->captured_at_us = times.captured_at_us;
    on_frame(std::move(frame));
  }
  return true;
}

}  // namespace framegate
