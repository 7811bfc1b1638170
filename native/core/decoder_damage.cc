// A log function on GStreamer's category "libav". Any thread.
#include "decoder_damage.h"

#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "library_log.h"

namespace framegate {
namespace {

thread_local Damage* t_found = nullptr;

// By threads without a scope.
struct ThreadsDamage {
  std::mutex mutex;
  std::map<pid_t, Damage> found;
};

ThreadsDamage& Threads() {
  static auto* const threads = new ThreadsDamage();
  return *threads;
}

void Note(Damage damage) {
  if (t_found != nullptr) {
    *t_found = std::max(*t_found, damage);
    return;
  }
  ThreadsDamage& threads = Threads();
  std::lock_guard<std::mutex> lock(threads.mutex);
  Damage& found = threads.found[gettid()];
  found = std::max(found, damage);
}

// Parts of FFmpeg 5.1's messages (h264_slice.c, h264_refs.c, error_resilience.c, hevcdec.c, hevc_refs.c, h263dec.c,
// mpeg4videodec.c, vp8.c, vp9.c) that mean
// damaged output. Its other messages are about harmless oddities.
constexpr struct {
  const char* part;
  Damage damage;
} kDamageMessages[] = {
    {"error while decoding", Damage::kBits},
    {"concealing", Damage::kBits},
    {"decode_slice_header error", Damage::kBits},
    {"First slice in a frame missing", Damage::kBits},
    {"Error parsing NAL unit", Damage::kBits},
    {"CABAC_MAX_BIN", Damage::kBits},
    {"cu_qp_delta", Damage::kBits},
    {"Invalid NAL unit size", Damage::kBits},
    {"missing picture in access unit", Damage::kBits},
    {"Error at MB", Damage::kBits},
    {"damaged at", Damage::kBits},
    {"corrupted at", Damage::kBits},
    {"header damaged", Damage::kBits},
    {"Marker lost", Damage::kBits},
    {"Missing reference picture", Damage::kReference},
    {"reference picture missing", Damage::kReference},
    {"Could not find ref with POC", Damage::kReference},
    {"Error constructing the", Damage::kReference},
    {"Not all references are available", Damage::kReference},
    {"not available", Damage::kReference},
};

void OnLog(GstDebugCategory* category, GstDebugLevel, const gchar*, const gchar*, gint, GObject*,
           GstDebugMessage* message, gpointer) {
  if (std::strcmp(gst_debug_category_get_name(category), "libav") != 0) return;
  const gchar* text = gst_debug_message_get(message);
  for (const auto& known : kDamageMessages) {
    if (text != nullptr && std::strstr(text, known.part) != nullptr) Note(known.damage);
  }
}

}  // namespace

void ListenToDecoders() {
  gst_debug_add_log_function(OnLog, nullptr, nullptr);
  // FFmpeg logs "concealing" at INFO. Without GST_DEBUG, print none of these lines.
  if (!GstDebugIsSet()) gst_debug_remove_log_function(gst_debug_log_default);
  // Creates the category before its plugin is loaded, with the threshold that GST_DEBUG asks for.
  GstDebugCategory* libav = _gst_debug_category_new("libav", 0, "libav elements");
  if (gst_debug_category_get_threshold(libav) < GST_LEVEL_INFO)
    gst_debug_set_threshold_for_name("libav", GST_LEVEL_INFO);
}

DamageScope::DamageScope() { t_found = &found_; }
DamageScope::~DamageScope() { t_found = nullptr; }

Damage DamageScope::FoundOnThisThread() { return t_found == nullptr ? Damage::kNone : *t_found; }

Damage FoundOnThreads(const std::vector<pid_t>& ids) {
  ThreadsDamage& threads = Threads();
  std::lock_guard<std::mutex> lock(threads.mutex);
  Damage worst = Damage::kNone;
  for (const pid_t id : ids) {
    const auto found = threads.found.find(id);
    if (found != threads.found.end()) worst = std::max(worst, found->second);
  }
  return worst;
}

void ForgetThreads(const std::vector<pid_t>& ids) {
  ThreadsDamage& threads = Threads();
  std::lock_guard<std::mutex> lock(threads.mutex);
  for (const pid_t id : ids) threads.found.erase(id);
}

}  // namespace framegate
