// Paced by the pipeline's clock, CLOCK_MONOTONIC. Never queues (feeder thread).
#include "feeder.h"

#include <gst/app/gstappsrc.h>

#include <chrono>

#include "events.h"

namespace {

// A longer delay shifts all later units, as in a camera. A shorter one is made up for.
constexpr int64_t kLateNs = 50 * 1000 * 1000;
constexpr size_t kMaxInFlight = 1000;  // Far more than an encoder holds back.

}  // namespace

Feeder::Feeder(Source* source) : source_(source) {
  if (source_ != nullptr) thread_ = std::thread(&Feeder::Run, this);
}

Feeder::~Feeder() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  Release();
}

void Feeder::Attach(GstElement* video, GstElement* audio) {
  std::lock_guard<std::mutex> lock(mutex_);
  Release();
  if (video == nullptr) return;
  video_ = GST_ELEMENT(gst_object_ref(video));
  audio_ = audio != nullptr ? GST_ELEMENT(gst_object_ref(audio)) : nullptr;
  need_data_handler_ = g_signal_connect(video_, "need-data", G_CALLBACK(OnNeedData), this);
  source_->Restart();
  changed_.notify_all();
}

void Feeder::Detach(GstElement* video) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (video_ == video) Release();
}

void Feeder::Release() {
  if (video_ != nullptr) {
    g_signal_handler_disconnect(video_, need_data_handler_);
    gst_object_unref(video_);
  }
  if (audio_ != nullptr) gst_object_unref(audio_);
  video_ = audio_ = nullptr;
  needs_data_ = audio_started_ = anchored_ = false;
  in_flight_.clear();
}

void Feeder::FrameSent(GstClockTime running_time) {
  const int64_t at_us = g_get_real_time();
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto sent = in_flight_.begin(); sent != in_flight_.end(); ++sent) {
    if (sent->pts != running_time) continue;
    PrintSent(sent->frame, at_us, sent->captured_us);
    in_flight_.erase(sent);
    return;
  }
}

void Feeder::Change(const std::function<void()>& change) {
  std::lock_guard<std::mutex> lock(mutex_);
  change();
  changed_caps_ = true;
  anchored_ = false;
  changed_.notify_all();
}

uint64_t Feeder::frames() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return frames_;
}

void Feeder::OnNeedData(GstElement* appsrc, guint, gpointer self) {
  auto* feeder = static_cast<Feeder*>(self);
  std::lock_guard<std::mutex> lock(feeder->mutex_);
  if (feeder->video_ != appsrc) return;
  feeder->needs_data_ = true;
  feeder->changed_.notify_all();
}

GstClockTime Feeder::Now() const {
  GstClock* clock = gst_element_get_clock(video_);
  if (clock == nullptr) return GST_CLOCK_TIME_NONE;
  const GstClockTime now = gst_clock_get_time(clock);
  gst_object_unref(clock);
  const GstClockTime base = gst_element_get_base_time(video_);
  return now >= base ? now - base : GST_CLOCK_TIME_NONE;
}

void Feeder::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    if (!Step(&lock)) changed_.wait(lock);
  }
}

// Waits for the next unit and pushes it. False if only a change can bring one.
bool Feeder::Step(std::unique_lock<std::mutex>* lock) {
  // The appsrc does not ask for data before PLAY or while the encoder is too slow. Make no frame then, so that none is
  // old when it is sent.
  const bool needed = needs_data_ || (anchored_ && audio_ != nullptr && !audio_started_);
  if (video_ == nullptr || !needed) return false;
  const GstClockTime now = Now();
  if (!GST_CLOCK_TIME_IS_VALID(now)) {
    changed_.wait_for(*lock, std::chrono::milliseconds(1));
    return true;
  }
  const auto due = static_cast<int64_t>(source_->NextDue());
  const int64_t early_ns = due + offset_ns_ - static_cast<int64_t>(now);
  if (!anchored_ || early_ns < -kLateNs) {
    anchored_ = true;
    offset_ns_ = static_cast<int64_t>(now) - due;
  } else if (early_ns > 0) {
    changed_.wait_for(*lock, std::chrono::nanoseconds(early_ns));
    return true;
  }
  Push();
  return true;
}

void Feeder::Push() {
  const bool video = source_->NextIsVideo();
  const uint64_t number = source_->NextNumber();
  GstBuffer* buffer = source_->Take();
  if (buffer == nullptr) return;
  GST_BUFFER_PTS(buffer) += offset_ns_;
  if (GST_BUFFER_DTS_IS_VALID(buffer)) GST_BUFFER_DTS(buffer) += offset_ns_;
  if (video) {
    if (changed_caps_) g_object_set(video_, "caps", source_->video_caps(), nullptr);
    changed_caps_ = false;
    needs_data_ = false;
    in_flight_.push_back({GST_BUFFER_PTS(buffer), number, g_get_real_time()});
    ++frames_;
    if (in_flight_.size() > kMaxInFlight) in_flight_.pop_front();
  } else {
    audio_started_ = true;
  }
  GstElement* appsrc = video ? video_ : audio_;
  if (appsrc == nullptr) {
    gst_buffer_unref(buffer);
    return;
  }
  gst_app_src_push_buffer(GST_APP_SRC(appsrc), buffer);
}
