// Owning pointers for the GStreamer types that core uses.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace framegate {

struct ObjectUnref {
  void operator()(void* object) const { gst_object_unref(object); }
};
struct SampleUnref {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
struct BufferUnref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
struct CapsUnref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};

using ElementPtr = std::unique_ptr<GstElement, ObjectUnref>;
using PadPtr = std::unique_ptr<GstPad, ObjectUnref>;
using BusPtr = std::unique_ptr<GstBus, ObjectUnref>;
using SamplePtr = std::unique_ptr<GstSample, SampleUnref>;
using BufferPtr = std::unique_ptr<GstBuffer, BufferUnref>;
using CapsPtr = std::unique_ptr<GstCaps, CapsUnref>;
using GStringPtr = std::unique_ptr<char, GFree>;

// Maps a buffer for reading during its own lifetime.
class ReadMap {
 public:
  explicit ReadMap(GstBuffer* buffer) : buffer_(buffer) {
    mapped_ = gst_buffer_map(buffer_, &info_, GST_MAP_READ) != FALSE;
  }
  ~ReadMap() {
    if (mapped_) gst_buffer_unmap(buffer_, &info_);
  }
  ReadMap(const ReadMap&) = delete;
  ReadMap& operator=(const ReadMap&) = delete;

  const uint8_t* data() const { return mapped_ ? info_.data : nullptr; }
  size_t size() const { return mapped_ ? info_.size : 0; }

 private:
  GstBuffer* buffer_;
  GstMapInfo info_;
  bool mapped_;
};

}  // namespace framegate
