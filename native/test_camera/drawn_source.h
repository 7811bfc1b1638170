// The camera's own moving picture as a source of raw frames (feeder thread).
#ifndef FRAMEGATE_TEST_CAMERA_DRAWN_SOURCE_H_
#define FRAMEGATE_TEST_CAMERA_DRAWN_SOURCE_H_

#include <gst/video/video.h>

#include <memory>

#include "options.h"
#include "picture.h"
#include "source.h"

class DrawnSource : public Source {
 public:
  explicit DrawnSource(const Options& options);
  ~DrawnSource() override;
  DrawnSource(const DrawnSource&) = delete;
  DrawnSource& operator=(const DrawnSource&) = delete;

  // Takes effect with the next frame. Frame numbers continue.
  void Change(int width, int height, int fps_num, int fps_den);

  uint64_t NextDue() const override;
  bool NextIsVideo() const override { return true; }
  uint64_t NextNumber() const override { return next_; }
  GstBuffer* Take() override;
  void Restart() override {}  // Frame numbers never start over.
  GstCaps* video_caps() const override { return caps_; }
  GstCaps* audio_caps() const override { return nullptr; }

 private:
  void Release();

  std::unique_ptr<Picture> picture_;
  GstVideoInfo info_;
  GstCaps* caps_ = nullptr;
  GstBufferPool* pool_ = nullptr;
  uint64_t rate_since_ = 0;     // The first frame at this rate,
  uint64_t rate_since_ns_ = 0;  // and when it is due.
  uint64_t next_ = 0;           // Number of the next frame.
};

#endif  // FRAMEGATE_TEST_CAMERA_DRAWN_SOURCE_H_
