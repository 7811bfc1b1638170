// The encoded video and audio of a file, kept in memory and played in an endless loop without re-encoding (loaded on
// the main thread, then used on the feeder's).
#ifndef FRAMEGATE_TEST_CAMERA_FILE_SOURCE_H_
#define FRAMEGATE_TEST_CAMERA_FILE_SOURCE_H_

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

#include "source.h"

class FileSource : public Source {
 public:
  // Reads the whole file. If that fails, returns null and sets `error`.
  static std::unique_ptr<FileSource> Load(const std::string& file, bool with_audio, std::string* error);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  uint64_t NextDue() const override;
  bool NextIsVideo() const override { return units_[next_].video; }
  uint64_t NextNumber() const override { return number_; }
  GstBuffer* Take() override;
  void Restart() override;
  GstCaps* video_caps() const override { return video_caps_; }
  GstCaps* audio_caps() const override { return audio_caps_; }

 private:
  struct Unit {
    GstBuffer* buffer;  // Owned.
    bool video;
    int64_t dts;  // ns since the first unit.
    int64_t pts;
  };

  FileSource() = default;
  void Pull(GstElement* pipeline, const char* name, bool video);
  bool Arrange(std::string* error);

  std::vector<Unit> units_;  // By DTS.
  GstCaps* video_caps_ = nullptr;
  GstCaps* audio_caps_ = nullptr;
  int64_t period_ns_ = 0;  // Length of one round.
  size_t next_ = 0;
  uint64_t round_ns_ = 0;  // Start of the current round on the endless timeline.
  uint64_t frames_ = 0;    // Video units in the file.
  uint64_t number_ = 0;    // Modulo frames_, the position of the next video unit in the file.
};

#endif  // FRAMEGATE_TEST_CAMERA_FILE_SOURCE_H_
