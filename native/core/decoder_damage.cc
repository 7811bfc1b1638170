// A log function on GStreamer's category "libav". Any thread.
#include "decoder_damage.h"

#include <gst/gst.h>

#include <cstdlib>
#include <cstring>

namespace framegate {
namespace {

thread_local bool* t_damaged = nullptr;

// Parts of FFmpeg 5.1's messages (h264_slice.c, h264_refs.c, error_resilience.c, hevcdec.c, hevc_refs.c) that say
// that what it gives is not what was encoded. Others complain of oddities that do no harm.
constexpr const char* kDamage[] = {
    "error while decoding", "concealing", "decode_slice_header error", "Missing reference picture",
    "reference picture missing", "Could not find ref with POC", "Error constructing the",
    "First slice in a frame missing", "Error parsing NAL unit", "CABAC_MAX_BIN", "cu_qp_delta",
    "Invalid NAL unit size", "missing picture in access unit",
};

void OnLog(GstDebugCategory* category, GstDebugLevel, const gchar*, const gchar*, gint, GObject*,
           GstDebugMessage* message, gpointer) {
  if (t_damaged == nullptr || std::strcmp(gst_debug_category_get_name(category), "libav") != 0) return;
  const gchar* text = gst_debug_message_get(message);
  for (const char* part : kDamage) {
    if (text != nullptr && std::strstr(text, part) != nullptr) *t_damaged = true;
  }
}

}  // namespace

void ListenToDecoders() {
  gst_debug_add_log_function(OnLog, nullptr, nullptr);
  // "concealing" is said at INFO. Without GST_DEBUG nothing else asks for lines.
  if (std::getenv("GST_DEBUG") == nullptr) gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_set_threshold_for_name("libav", GST_LEVEL_INFO);
}

DamageScope::DamageScope(bool* damaged) { t_damaged = damaged; }
DamageScope::~DamageScope() { t_damaged = nullptr; }

}  // namespace framegate
