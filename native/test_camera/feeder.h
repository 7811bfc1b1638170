// Pushes units to the running media when they are due, on a thread of its own. Any thread may call the public methods.
#ifndef FRAMEGATE_TEST_CAMERA_FEEDER_H_
#define FRAMEGATE_TEST_CAMERA_FEEDER_H_

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "source.h"

class Feeder {
 public:
  // `source` must outlive the feeder; null if the pipeline makes everything itself.
  explicit Feeder(Source* source);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  // From now on, feeds these appsrc elements instead of any previous ones. Either may be null (transfer none; the
  // feeder holds references of its own).
  void Attach(GstElement* video, GstElement* audio);

  // Stops feeding `video` and its audio, if it still feeds them.
  void Detach(GstElement* video);

  // Reports once that the video frame with this running time was sent.
  void FrameSent(GstClockTime running_time);

  // Changes what the source makes, between two units.
  void Change(const std::function<void()>& change);

  uint64_t frames() const;  // Video frames pushed so far.

 private:
  struct Sent {
    GstClockTime pts;
    uint64_t frame;
    int64_t captured_us;
  };

  void Run();
  bool Step(std::unique_lock<std::mutex>* lock);
  void Push();
  void Release();
  GstClockTime Now() const;
  static void OnNeedData(GstElement* appsrc, guint bytes, gpointer self);

  Source* const source_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  GstElement* video_ = nullptr;
  GstElement* audio_ = nullptr;
  gulong need_data_handler_ = 0;
  bool needs_data_ = false;     // The video appsrc is empty and asks for more.
  bool audio_started_ = false;  // Both tracks need a first unit before DESCRIBE answers.
  bool anchored_ = false;
  bool changed_caps_ = false;
  int64_t offset_ns_ = 0;  // Running time of the media minus time of the source.
  uint64_t frames_ = 0;
  std::deque<Sent> in_flight_;
  bool stopping_ = false;
  std::thread thread_;
};

#endif  // FRAMEGATE_TEST_CAMERA_FEEDER_H_
