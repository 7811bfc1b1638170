// What GLib and GStreamer would write to standard error, for a reader that logs it. Any thread, and none of it waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace framegate {

enum class LibraryLevel { kDebug, kInfo, kWarning };

struct LibraryMessage {
  LibraryLevel level;
  std::string text;  // At most 2000 bytes, and perhaps not UTF-8.
};

struct LibraryMessages {
  std::vector<LibraryMessage> messages;
  uint64_t lost = 0;  // More came than 100 in a second, or than 100 while nothing took them.
};

// GLib's warnings go to the reader. What G_MESSAGES_DEBUG asks for, what ends the process, and everything while G_DEBUG
// is set or while there is no reader goes where GLib writes it. Call it once, before gst_init.
void ListenToGlib();

// Errors and warnings of GStreamer's debug log go to a reader that has asked for them, unless GST_DEBUG is set. Call it
// once, after gst_init.
void ListenToGstreamer();

// GST_DEBUG asks GStreamer for its debug log.
bool GstDebugIsSet();

// wake: called for the first message after a take, on any thread and under a lock. It must not wait, and must not log.
// verbose: GStreamer's debug log too; has no effect after gst_init. A new reader replaces the one before.
void SetLibraryReader(const void* owner, bool verbose, std::function<void()> wake);

// wake is not called any more. Does nothing if another owner has replaced this one.
void RemoveLibraryReader(const void* owner);

LibraryMessages TakeLibraryMessages();

}  // namespace framegate
