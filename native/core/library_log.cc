// A bounded queue between the log functions of GLib and GStreamer and their reader. Any thread.
#include "library_log.h"

#include <dlfcn.h>
#include <gst/gst.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "clocks.h"
#include "guarded.h"

namespace framegate {
namespace {

constexpr size_t kMostMessages = 100;  // In a second, and waiting.
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr size_t kMostBytes = 2000;

struct Queue {
  const void* owner = nullptr;
  std::function<void()> wake;
  bool verbose = false;
  bool woken = false;  // wake was called since the last take.
  LibraryMessages waiting;
  int64_t second_ns = 0;  // The begin of the second in which so many were put.
  size_t put = 0;
};

// Never freed: threads of GStreamer may log while the process exits.
Guarded<Queue>& TheQueue() {
  static auto* const queue = new Guarded<Queue>;
  return *queue;
}

// Returns false if there is no reader.
bool Put(LibraryLevel level, const char* source, const char* text, size_t size) {
  auto queue = TheQueue().Lock();
  if (!queue->wake) return false;
  const int64_t now_ns = MonotonicNs();
  if (now_ns - queue->second_ns >= kSecondNs) {
    queue->second_ns = now_ns;
    queue->put = 0;
  }
  if (queue->put == kMostMessages || queue->waiting.messages.size() == kMostMessages) {
    ++queue->waiting.lost;
    return true;
  }
  ++queue->put;
  std::string line = std::string(source) + ": ";
  line.append(text, std::min(size, kMostBytes - std::min(line.size(), kMostBytes)));
  queue->waiting.messages.push_back({level, std::move(line)});
  if (!queue->woken) queue->wake();
  queue->woken = true;
  return true;
}

// rtspsrc 1.22 logs this at the end of each session without a seek.
bool IsHarmless(const std::string& text) { return text.find("gst_event_set_seqnum: assertion") != std::string::npos; }

std::string FieldOf(const GLogField* fields, gsize count, const char* key) {
  for (gsize i = 0; i < count; ++i) {
    if (std::strcmp(fields[i].key, key) != 0 || fields[i].value == nullptr) continue;
    const auto* text = static_cast<const char*>(fields[i].value);
    return fields[i].length < 0 ? std::string(text) : std::string(text, static_cast<size_t>(fields[i].length));
  }
  return "";
}

GLogWriterOutput OnGlib(GLogLevelFlags level, const GLogField* fields, gsize count, gpointer) {
  const std::string text = FieldOf(fields, count, "MESSAGE");
  if (IsHarmless(text)) return G_LOG_WRITER_HANDLED;
  // G_DEBUG may make a warning end the process, before a reader could log it.
  static const bool debugged = std::getenv("G_DEBUG") != nullptr;
  const bool warns = (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0;
  const bool ends = (level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL)) != 0;
  if (!debugged && !ends && (warns || (level & G_LOG_LEVEL_MESSAGE) != 0)) {
    std::string domain = FieldOf(fields, count, "GLIB_DOMAIN");
    if (domain.empty()) domain = "GLib";
    const LibraryLevel as = warns ? LibraryLevel::kWarning : LibraryLevel::kInfo;
    if (Put(as, domain.c_str(), text.data(), text.size())) return G_LOG_WRITER_HANDLED;
  }
  return g_log_writer_default(level, fields, count, nullptr);
}

void OnGstreamer(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint, GObject*,
                 GstDebugMessage* message, gpointer) {
  if (level > GST_LEVEL_WARNING) return;
  const gchar* text = gst_debug_message_get(message);
  if (text != nullptr) Put(LibraryLevel::kDebug, gst_debug_category_get_name(category), text, std::strlen(text));
}

// Both libraries keep these functions until the process ends, but a worker thread that ends would unload this library.
void StayLoaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&OnGlib), &self) != 0) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

}  // namespace

bool GstDebugIsSet() {
  const char* asked = std::getenv("GST_DEBUG");
  return asked != nullptr && *asked != '\0';
}

void ListenToGlib() {
  StayLoaded();
  g_log_set_writer_func(OnGlib, nullptr, nullptr);
}

void ListenToGstreamer() {
  if (GstDebugIsSet() || !TheQueue().Lock()->verbose) return;
  gst_debug_add_log_function(OnGstreamer, nullptr, nullptr);
  gst_debug_set_default_threshold(GST_LEVEL_WARNING);
}

void SetLibraryReader(const void* owner, bool verbose, std::function<void()> wake) {
  auto queue = TheQueue().Lock();
  queue->owner = owner;
  queue->verbose = verbose;
  queue->wake = std::move(wake);
  queue->woken = false;
}

void RemoveLibraryReader(const void* owner) {
  auto queue = TheQueue().Lock();
  if (queue->owner != owner) return;
  queue->owner = nullptr;
  queue->wake = nullptr;
}

LibraryMessages TakeLibraryMessages() {
  auto queue = TheQueue().Lock();
  queue->woken = false;
  return std::exchange(queue->waiting, {});
}

}  // namespace framegate
