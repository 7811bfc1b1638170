// What GLib and GStreamer report reaches one reader: from any thread, bounded, and no more after the reader has ended.
#include "core/library_log.h"

#include <gst/gst.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "core/gst_init.h"

using framegate::LibraryLevel;
using framegate::TakeLibraryMessages;

namespace {

std::atomic<int> wakes{0};
const int kOwner = 0;

void Read() {
  framegate::SetLibraryReader(&kOwner, true, [] { ++wakes; });
}

void Warn(const std::string& text) { g_log("Test", G_LOG_LEVEL_WARNING, "%s", text.c_str()); }

TEST(EveryLevelThatGlibShowsReachesTheReader) {
  Read();
  CHECK(framegate::EnsureGstInit().empty());
  g_log("Test", G_LOG_LEVEL_DEBUG, "not shown");
  g_log("Test", G_LOG_LEVEL_MESSAGE, "a message");
  g_log("Test", G_LOG_LEVEL_CRITICAL, "gst_event_set_seqnum: assertion 'harmless' failed");
  g_return_if_fail_warning("Test", "Function", "expression");
  CHECK_EQ(wakes, 1);
  const auto taken = TakeLibraryMessages();
  CHECK_EQ(taken.messages.size(), 2u);
  if (taken.messages.size() != 2) return;
  CHECK(taken.messages[0].level == LibraryLevel::kInfo && taken.messages[0].text == "Test: a message");
  CHECK(taken.messages[1].level == LibraryLevel::kWarning);
  CHECK(taken.messages[1].text == "Test: Function: assertion 'expression' failed");
  CHECK(TakeLibraryMessages().messages.empty());
}

TEST(ErrorsAndWarningsOfTheDebugLogReachIt) {
  GstDebugCategory* category = _gst_debug_category_new("test", 0, "");
  GST_CAT_WARNING(category, "a warning");
  GST_CAT_FIXME(category, "neither");
  GstDebugCategory* libav = _gst_debug_category_new("libav", 0, "");
  GST_CAT_INFO(libav, "read, not logged");
  const auto taken = TakeLibraryMessages();
  CHECK_EQ(taken.messages.size(), 1u);
  CHECK(!taken.messages.empty() && taken.messages[0].level == LibraryLevel::kDebug &&
        taken.messages[0].text == "test: a warning");
}

TEST(ALongMessageIsCut) {
  Warn(std::string(100'000, 'x'));
  const auto taken = TakeLibraryMessages();
  CHECK(taken.messages.size() == 1 && taken.messages[0].text.size() == 2000);
}

TEST(AFloodIsBoundedAndCounted) {
  wakes = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 500; ++n) Warn("flood");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wakes, 1);
  const auto taken = TakeLibraryMessages();
  CHECK(!taken.messages.empty() && taken.messages.size() <= 100);
  CHECK_EQ(taken.messages.size() + taken.lost, 2000u);
}

TEST(WithoutAReaderNothingWaits) {
  wakes = 0;
  const int another = 0;
  framegate::RemoveLibraryReader(&another);
  framegate::RemoveLibraryReader(&kOwner);
  Warn("for standard error");
  CHECK_EQ(wakes, 0);
  Read();
  CHECK(TakeLibraryMessages().messages.empty());
}

}  // namespace

int main() { return check::RunTests(); }
