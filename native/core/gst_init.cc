// Starts GStreamer once per process. Any thread.
#include "gst_init.h"

#include <gst/gst.h>

#include <mutex>

#include "decoder_damage.h"
#include "library_log.h"

namespace framegate {
std::string EnsureGstInit() {
  static std::once_flag once;
  static std::string failure;
  std::call_once(once, [] {
    // Node owns the process's signals; GStreamer's fault handler would capture SIGSEGV.
    gst_segtrap_set_enabled(FALSE);
    ListenToGlib();
    GError* error = nullptr;
    if (!gst_init_check(nullptr, nullptr, &error)) {
      failure = error ? error->message : "gst_init_check failed";
    }
    g_clear_error(&error);
    if (!failure.empty()) return;
    ListenToDecoders();
    ListenToGstreamer();
  });
  return failure;
}

std::vector<std::string> MissingElements() {
  static const char* const kNeeded[] = {"rtspsrc",      "rtph264depay", "rtph265depay", "rtpjpegdepay", "rtpmp4vdepay",
                                        "rtpvp8depay",  "rtpvp9depay",  "h264parse",    "h265parse",    "avdec_h264",
                                        "avdec_h265",   "avdec_mpeg4",  "avdec_vp8",    "avdec_vp9",    "jpegdec",
                                        "videoconvert", "videoscale",   "jpegenc",      "capsfilter",   "appsink"};
  std::vector<std::string> missing;
  if (!EnsureGstInit().empty()) return {"gstreamer"};
  for (const char* name : kNeeded) {
    GstElementFactory* factory = gst_element_factory_find(name);
    if (factory) {
      gst_object_unref(factory);
    } else {
      missing.emplace_back(name);
    }
  }
  return missing;
}

std::string GstVersion() {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(micro);
}

}  // namespace framegate
